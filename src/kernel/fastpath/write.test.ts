import { expect, it } from 'vitest';
import type { FastFact } from '../../core/fastpath/facts.ts';
import { entryLines } from './write.ts';

const group: FastFact = {
  ...{ kind: 'group', vni: 5, group: '239.1.1.1', ports: [14], hosts: ['10.9.0.2'] },
};
const there: FastFact = { kind: 'there', vni: 5, mac: '02:42:0a:00:01:06', host: '10.9.0.2' };

it('a group goes though a program has taken it away already, which bpftool would end at', () => {
  const lines = entryLines('/d', [
    { action: 'remove', fact: group },
    { action: 'remove', fact: there },
  ]);
  expect(lines.map((it) => it.split(' ').slice(1, 4).join(' '))).toEqual([
    'update pinned /d/maps/groups',
    'delete pinned /d/maps/groups',
    'delete pinned /d/maps/stations',
  ]);
  expect(lines[0]).toMatch(/ value hex( 00)+$/);
  const [, key] = /key hex (.*?)(?: value|$)/.exec(lines[0] ?? '') ?? [];
  expect(lines[1]).toMatch(new RegExp(`key hex ${key}$`));
});
