import { expect, it } from 'vitest';
import { groupsOf, isMembership, type Membership } from './membership.ts';

const row = (port: string, group: string, source?: string, mode?: 'include'): Membership => ({
  bridge: 'cb8000001',
  port,
  group,
  mode: mode ?? (source === undefined ? 'exclude' : 'include'),
  ...(source === undefined ? {} : { source }),
});

it('members of one group on several ports are one membership of the host', () => {
  expect(groupsOf([row('cva', '239.1.1.1'), row('cvb', '239.1.1.1')])).toEqual([
    { group: '239.1.1.1', mode: 'exclude', sources: [] },
  ]);
});

it('sources asked for by several ports come together, sorted', () => {
  const rows = [
    row('cva', '232.1.1.1', undefined, 'include'),
    row('cva', '232.1.1.1', '10.0.0.9'),
    row('cvb', '232.1.1.1', '10.0.0.3'),
  ];
  expect(groupsOf(rows)).toEqual([
    { group: '232.1.1.1', mode: 'include', sources: ['10.0.0.3', '10.0.0.9'] },
  ]);
});

it('one port that takes every source makes the host take every source', () => {
  const rows = [row('cva', '239.1.1.1', '10.0.0.9'), row('cvb', '239.1.1.1')];
  expect(groupsOf([...rows, row('cvc', '239.1.1.1', '10.0.0.8')])).toEqual([
    { group: '239.1.1.1', mode: 'exclude', sources: [] },
  ]);
});

it('the tunnel’s own entries and host-local groups are not told', () => {
  const rows = [row('cx8000001', '239.1.1.1'), row('cva', 'ff01::5')];
  expect(rows.filter(isMembership)).toEqual([]);
});

it('what only a forged report can have joined is not told, lest the others refuse the rest', () => {
  const forged = [
    row('cva', '10.0.0.1'),
    row('cva', '0.0.0.0'),
    row('cva', '255.255.255.255'),
    row('cva', 'fd00::1'),
    row('cva', '232.1.1.1', '224.0.0.9'),
    row('cva', '232.1.1.1', '0.0.0.0'),
    row('cva', 'ff3e::1', 'ff02::1'),
  ];
  const true_ = row('cvb', '239.1.1.1');
  expect([...forged, true_].filter(isMembership)).toEqual([true_]);
});

it('a group joined for no source at all has no member', () => {
  expect(groupsOf([row('cva', '232.1.1.1', undefined, 'include')])).toEqual([]);
});
