import { expect, it } from 'vitest';
import { Members } from './members.ts';

const bridge = 'cb8000001';
const row = (group: string, port = 'cva') => ({ bridge, port, group, mode: 'exclude' }) as const;
const ports = new Set(['cva', 'cvb']);
const groups = (members: Members) =>
  members
    .rows(bridge, new Map())
    .map((it) => it.group)
    .sort();

function members(...rows: ReturnType<typeof row>[]): Members {
  const made = new Members();
  made.beginLook();
  made.look(rows, ports);
  return made;
}

it('a row that one reading lacks stays, since the kernel may have skipped it; two believe it gone', () => {
  const it = members(row('239.1.1.1'), row('239.1.1.2'));
  it.look([row('239.1.1.1')], ports);
  expect(groups(it)).toEqual(['239.1.1.1', '239.1.1.2']);
  it.look([row('239.1.1.1')], ports);
  expect(groups(it)).toEqual(['239.1.1.1']);
});

it('a row that an event says is gone, or whose port is, goes at once', () => {
  const it = members(row('239.1.1.1'), row('239.1.1.2'), row('239.1.1.3', 'cvb'));
  it.beginLook();
  it.event({ gone: true, row: row('239.1.1.2') });
  it.look([row('239.1.1.1')], new Set(['cva']));
  expect(groups(it)).toEqual(['239.1.1.1']);
});

it('events during a reading count more than it, and rows are counted by port', () => {
  const it = members(row('239.1.1.1'));
  it.beginLook();
  it.event({ gone: false, row: row('239.1.1.4') });
  it.event({ gone: true, row: row('239.1.1.1') });
  it.look([row('239.1.1.1')], ports);
  expect(groups(it)).toEqual(['239.1.1.4']);
  expect([it.count('cva'), it.count('cvb')]).toEqual([1, 0]);
});
