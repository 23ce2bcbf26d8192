import { describe, expect, it } from 'vitest';
import { nftTable, parseTable } from './nft-table.ts';

const table = (options: { packets?: number; handle?: number; hosts?: string[]; port?: number }) =>
  parseTable(
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6' } },
        { table: { family: 'inet', name: 'castnet', handle: options.handle ?? 1 } },
        { counter: { name: 'not-by-underlay', packets: options.packets ?? 0, bytes: 0 } },
        { set: { name: 'underlay', type: 'ifname', elem: ['eth0'] } },
        { set: { name: 'hosts4', type: 'ipv4_addr', elem: options.hosts ?? [] } },
        { set: { name: 'hosts6', type: 'ipv6_addr' } },
        { map: { name: 'guarded', map: 'verdict', elem: [['cv1', { jump: { target: 'g' } }]] } },
        { set: { name: 'rate', flags: ['dynamic'], elem: [{ elem: { val: 'cv1', expires: 9 } }] } },
        // As nft 1.0.6 lists a set with the flags dynamic and timeout.
        { set: { name: 'per-port', flags: ['timeout'], elem: [{ elem: { val: 'cv2' } }] } },
        { rule: { chain: 'input', expr: [{ match: { right: options.port ?? 4789 } }] } },
        { rule: { chain: 'arriving', expr: [{ match: { op: '!=', right: '@hosts4' } }] } },
      ],
    }),
  );

it('tells rules apart by what they do, not by what they counted or by what is in a set', () => {
  const { rules } = table({ hosts: ['10.0.0.2'] });
  expect(table({ packets: 7, handle: 9, hosts: ['10.0.0.3', '10.0.0.2'] }).rules).toBe(rules);
  expect(table({ port: 5789 }).rules).not.toBe(rules);
});

it('counts the elements of sets and maps, but not those that rules add', () => {
  expect(table({}).size).toBe(2);
  expect(table({ hosts: ['10.0.0.2', '10.0.0.3'] }).size).toBe(4);
});

it('has the values of each set, and what each counter counted', () => {
  const { sets, counters } = table({ hosts: ['10.0.0.2'], packets: 5 });
  expect(sets.get('hosts4')).toEqual(['10.0.0.2']);
  expect(sets.get('hosts6')).toEqual([]);
  expect(sets.get('guarded')).toEqual([]);
  expect(counters).toEqual(new Map([['not-by-underlay', 5]]));
});

describe('a table that nft does not list', () => {
  const told = (script: string) => nftTable('inet', 'castnet', () => ['sh', '-c', script]).read();

  it('is not there when nft says so', async () => {
    const words = 'Error: No such file or directory\nlist table inet castnet';
    expect(await told(`echo '${words}' >&2; exit 1`)).toBeUndefined();
  });

  it.each([
    ['echo "Error: cache initialization failed: Interrupted" >&2; exit 1', 'Interrupted'],
    ['kill -9 $$', 'ended with status null'],
  ])('is not taken for gone when nft could not look: %s', async (script, words) => {
    await expect(told(script)).rejects.toThrow(words);
  });
});
