import { describe, expect, it } from 'vitest';
import type { Membership } from './membership.ts';
import { admit } from './policy.ts';

const row = (port: string, group: string): Membership => ({
  bridge: 'cb8000001',
  port,
  group,
  mode: 'exclude',
});

describe('memberships are admitted', () => {
  it('all, without settings', () => {
    const rows = [row('cva', '239.1.1.1'), row('cvb', 'ff02::fb')];
    expect(admit(rows, {})).toEqual({ rows, refused: [] });
  });

  it('not at all where multicast is off, and that is counted', () => {
    const { rows, refused } = admit([row('cva', '239.1.1.1'), row('cva', '239.1.1.2')], {
      multicast: false,
    });
    expect(rows).toEqual([]);
    expect(refused).toEqual([
      { port: 'cva', count: 2, example: '239.1.1.1', reason: 'multicast is off on this network' },
    ]);
  });

  it('for the groups of the list only', () => {
    const all = [row('cva', '239.1.1.1'), row('cva', '239.2.1.1')];
    const { rows, refused } = admit(all, { groups: ['239.1.0.0/16'] });
    expect(rows).toEqual([all[0]]);
    expect(refused).toMatchObject([{ count: 1, example: '239.2.1.1' }]);
  });

  it('up to the most that one container may have, whatever the order; another is not touched', () => {
    const many = ['239.1.1.3', '239.1.1.1', '239.1.1.2'].map((group) => row('cva', group));
    const other = row('cvb', '239.1.1.9');
    const { rows, refused } = admit([...many, other], { maxGroups: 2 });
    expect(rows.map((it) => it.group).sort()).toEqual(['239.1.1.1', '239.1.1.2', '239.1.1.9']);
    expect(refused).toMatchObject([{ port: 'cva', count: 1, example: '239.1.1.3' }]);
    const again = admit([other, ...many.reverse()], { maxGroups: 2 });
    expect(new Set(again.rows)).toEqual(new Set(rows));
  });

  it('of one host up to what the others take; a group that is told already needs no room', () => {
    const many = (port: string, third: number) =>
      Array.from({ length: 16_384 }, (_, at) => row(port, `239.${third}.${at >> 8}.${at & 255}`));
    const all = [
      ...many('cva', 1),
      ...many('cvb', 2),
      row('cvc', '239.1.0.1'),
      row('cvc', '239.3.0.1'),
    ];
    const { rows, refused } = admit(all, { maxGroups: 16_384 });
    expect(rows).toHaveLength(2 * 16_384 + 1);
    expect(refused).toMatchObject([{ port: 'cvc', count: 1, example: '239.3.0.1' }]);
    expect(refused[0]?.reason).toContain('32768 groups that one host');
  });
});
