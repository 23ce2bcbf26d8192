import { expect, it } from 'vitest';
import { parsePinned } from './look.ts';
import { parseTallies } from './tallies.ts';

const hex = (...bytes: number[]): string =>
  bytes.map((it) => `"0x${it.toString(16).padStart(2, '0')}"`).join();
const zeros = (count: number): number[] => new Array(count).fill(0);
const show = (id: number): string =>
  `{"command":["prog","show","pinned","/p"],"output":{"id":${id},"type":"sched_cls","map_ids":[1]}}`;
const dump = (...entries: string[]): string =>
  `{"command":["map","dump","pinned","/m"],"output":[${entries.join()}]}`;
const station = `{"key":[${hex(5, 0, 0, 0, 2, 0x42, 10, 0, 1, 5, 0, 0)}],"value":[${hex(14, ...zeros(7))}],"formatted":{"key":{"vni":5,"mac":[2,66,10,0,1,5],"pad":0},"value":{"port":14,"host":0}}}`;
const ANSWERS = `[${[1, 2, 3, 4].map(show).join()},${dump()},${dump()},${dump()},${dump(station, station)},${dump()}]`;

/** As bpftool 7.1 prints a batch. */
it('programs and entries are read out of what bpftool prints', () => {
  const { programs, facts } = parsePinned(ANSWERS);
  expect(programs).toEqual({ from_container: 1, to_wire: 2, from_wire: 3, to_container: 4 });
  const here = { kind: 'here', vni: 5, mac: '02:42:0a:00:01:05', port: 14 };
  expect(facts).toEqual([here, here]);
});

it('an answer that is none is an error', () => {
  const error = '{"command":["map","dump","pinned","/m"],"output":{"error":"no such file"}}';
  expect(() => parsePinned(ANSWERS.replace(dump(station, station), error))).toThrow('no such file');
  expect(() => parsePinned(ANSWERS.replace(show(2), error))).toThrow('no program');
});

it('counters are read for each processor', () => {
  const one = (cpu: number, packets: number) =>
    `{"cpu":${cpu},"value":[${hex(packets, ...zeros(7), 100, ...zeros(7))}]}`;
  const formatted = '"formatted":{"key":14,"values":[{"cpu":0,"value":{"packets":1,"bytes":100}}]}';
  const given = `{"key":[${hex(14, 0, 0, 0)}],"values":[${one(0, 1)},${one(1, 2)}],${formatted}}`;
  const maps = parseTallies(`[${[dump(), dump(), dump(given, given), dump()].join()}]`);
  expect(maps.given).toHaveLength(2);
  expect(maps.given[0]?.key).toEqual([14, 0, 0, 0]);
  expect(maps.given[0]?.values.map((it) => it[0])).toEqual([1, 2]);
  expect(maps.given[0]?.values[1]?.slice(8, 10)).toEqual([100, 0]);
  expect(maps.flows).toEqual([]);
});
