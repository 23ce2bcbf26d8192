import { expect, it } from 'vitest';
import { aReport } from '../contract/testing/report.ts';
import { checksOf, type HostCheckup } from './diagnosis/checkup.ts';
import { cardsCheck } from './diagnosis/network-card.ts';
import { inCommand } from './in-command.ts';

const EVIL = '$(reboot); `halt` | x';

it.each(['eth0', 'br-1a2b', 'vlan.100', 'eth0:1', '10.9.0.1', 'fd00::1', 'web.1.x3k', 'x@if5'])(
  '%s is a word of a command',
  (word) => expect(inCommand(word, 'DEVICE')).toBe(word),
);

it.each([EVIL, '-f', '', 'a b', "a'b", 'a\nb', 'x'.repeat(200), '../x'])('%j is none', (word) =>
  expect(inCommand(word, 'DEVICE')).toBe('DEVICE'),
);

it('no word of another host gets into a command that doctor prints', () => {
  const endpoint = {
    ...{ id: 'e1', port: 'cv1', address: '10.0.0.2/24', mac: '02:42:0a:00:00:02' },
    ...{ container: EVIL, carriesMulticast: true },
  };
  const network = {
    ...{ id: 'n1', name: 'n', vni: 8_000_001, options: {}, hosts: [], joined: [], refused: [] },
    ...{ groups: [], endpoints: [endpoint] },
  };
  const { tunnel: _, ...report } = aReport({ node: EVIL, agent: EVIL, networks: [network] });
  const host: HostCheckup = {
    ...{ version: 1, report, plan: [EVIL], clockAheadMs: 60_000 },
    vxlans: [{ dev: EVIL, vni: 8_000_001, port: 4789 }],
    routes: [{ endpoint: 'e1', address: '10.0.0.2/24', there: false, dev: EVIL }],
    cards: [{ dev: EVIL, driver: 'vmxnet3' }],
  };
  const known = { others: [], networks: [] };
  const checks = checksOf({ version: 1, hosts: [host], silent: [] }, known);
  const findings = [...checks, cardsCheck([host], true)].flatMap((it) => it.findings);
  expect(findings.map((it) => it.code)).toEqual(
    expect.arrayContaining(['clock', 'vni-conflict', 'kernel-differs', 'multicast-route']),
  );
  for (const { remedy } of findings) expect(remedy).not.toMatch(/reboot|halt/);
});
