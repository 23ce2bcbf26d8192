import { describe, expect, it } from 'vitest';
import { groupsOf, type Membership } from './membership.ts';
import { admit, HOST_SOURCES_MOST, SOURCES_MOST } from './policy.ts';

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

describe('sources are told', () => {
  const from = (port: string, nth: number, sources: number): Membership[] => {
    const group = `239.7.${nth >> 8}.${nth & 255}`;
    const any = { ...row(port, group), mode: 'include' as const };
    return [
      any,
      ...Array.from({ length: sources }, (_, at) => ({ ...any, source: `10.0.1.${at}` })),
    ];
  };
  const all = (port: string) => Array.from({ length: 512 }, (_, nth) => from(port, nth, 32)).flat();
  const count = (rows: readonly Membership[]) =>
    rows.filter((it) => it.source !== undefined).length;

  it('up to a bound for each container; a group beyond is wanted from any source, and missed by none', () => {
    const other = from('cvb', 600, 3);
    const { rows, refused } = admit([...all('cva'), ...other], {});
    expect(refused).toEqual([]);
    expect(count(rows)).toBe(SOURCES_MOST + 3);
    const groups = groupsOf(rows);
    expect(groups).toHaveLength(513);
    expect(groups.find((it) => it.group === '239.7.1.255')).toMatchObject({ mode: 'exclude' });
    expect(groups.find((it) => it.group === '239.7.2.88')?.sources).toHaveLength(3);
    const again = admit([...other, ...all('cva').reverse()], {});
    expect(groupsOf(again.rows)).toEqual(groups);
  });

  it('up to a bound for all containers of a host', () => {
    const ports = Array.from({ length: 40 }, (_, at) => `cv${at.toString(16)}`);
    expect(count(admit(ports.flatMap(all), {}).rows)).toBe(HOST_SOURCES_MOST);
  });
});
