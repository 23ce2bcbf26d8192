import { expect, it } from 'vitest';
import { tunnelTable } from './tunnel-guard.ts';

it('drops castnet’s VXLAN from Docker’s bridges alone, to this host and to others', () => {
  const lines = tunnelTable(4789)
    .split('\n')
    .filter((it) => it.includes('drop'));
  const drop = 'udp dport 4789 @th,96,24 >= 8000000 counter drop';
  const both = [`    iifname "docker*" ${drop}`, `    iifname "br-*" ${drop}`];
  expect(lines).toEqual([...both, ...both]);
  expect(tunnelTable(4789)).toMatch(/hook input[\s\S]*hook forward/);
});
