import { describe, expect, it } from 'vitest';
import { type Container, hears, known, lastReport, missing, pairs, type Scene } from './hearing.ts';
import { describeScene, tableOf } from './table.ts';

const NOW = 1_700_000_000_000;

/** Containers 1, 2, … on hosts h1, h2 in turn; `deaf` names "listener<speaker" pairs that fail. */
function scene(count: number, deaf: string[] = []): Scene {
  const slots = Array.from({ length: count }, (_, index) => index + 1);
  const containers = slots.map((slot): Container => {
    const rest = slots.filter((other) => other !== slot && !deaf.includes(`${slot}<${other}`));
    const heard = rest.map((other) => ({ node: `node-${other}`, address: `10.0.1.${other}` }));
    const report = {
      node: `node-${slot}`,
      at: NOW,
      heard,
      members: slots.map((other) => `node-${other}`),
    };
    const host = `h${((slot - 1) % 2) + 1}`;
    return { slot, host, address: `10.0.1.${slot}`, state: 'running', report };
  });
  return { containers, expected: count, hosts: ['h1', 'h2'], failures: [] };
}

/** The same scene with the first container changed. */
function withFirst(base: Scene, change: Partial<Container>): Scene {
  const [first, ...rest] = base.containers;
  return { ...base, containers: [{ ...(first as Container), ...change }, ...rest] };
}

describe('lastReport', () => {
  const line = (at: number) => JSON.stringify({ node: 'a', at, heard: [], members: ['a'] });

  it('finds the last report among other lines and Docker’s frames', () => {
    const log = `\x01\0\0\0\0\0\0{${line(NOW - 2000)}\n\x01\0\0\0\0\0\0{${line(NOW)}\n{WARN} x\n`;
    expect(lastReport(log, NOW)?.at).toBe(NOW);
  });

  it('takes the one before when the last is cut off', () => {
    expect(lastReport(`${line(NOW - 1000)}\n${line(NOW).slice(0, 20)}`, NOW)?.at).toBe(NOW - 1000);
  });

  it.each(['', 'nothing', line(NOW - 6000)])('finds none in %j', (log) => {
    expect(lastReport(log, NOW)).toBeUndefined();
  });
});

describe('hears', () => {
  it('counts an announcement only from the address on castnet', () => {
    const { containers } = scene(2);
    const [a, b] = containers as [Container, Container];
    expect(hears(a, b)).toBe(true);
    expect(hears(a, { ...b, address: '172.18.0.2' })).toBe(false);
    expect(hears(a, { ...b, address: '' })).toBe(false);
    expect(hears(a, { ...b, report: undefined })).toBe(false);
  });
});

describe('missing', () => {
  it('is empty when every container hears every other', () => {
    expect(missing(scene(4))).toEqual([]);
    expect(pairs(scene(4))).toEqual({ heard: 12, all: 12 });
  });

  it('does not mind earlier failures then', () => {
    expect(missing({ ...scene(4), failures: ['client.1 failed: x'] })).toEqual([]);
  });

  it('names who is not heard by whom, in one direction', () => {
    const deaf = scene(4, ['1<2', '1<3']);
    expect(missing(deaf)).toEqual(['1@h1 does not hear 2@h2, 3@h1']);
    expect(pairs(deaf)).toEqual({ heard: 10, all: 12 });
  });

  it('names a silent container once, and what Docker said', () => {
    const silent = withFirst(scene(3), { report: undefined, state: 'failed: no such file' });
    expect(missing({ ...silent, failures: ['client.1 failed: exit 1'] })).toEqual([
      '1@h1 is failed: no such file',
      'client.1 failed: exit 1',
    ]);
    expect(missing(withFirst(scene(3), { report: undefined }))).toEqual([
      '1@h1 runs, but reports nothing',
    ]);
  });

  it('tells of containers that are not there and of empty hosts', () => {
    expect(missing({ ...scene(3), expected: 4, hosts: ['h1', 'h2', 'h3'] })).toEqual([
      'there are 3 containers instead of 4',
      'no container is on h3',
    ]);
  });

  it('asks for the connection too', () => {
    const base = scene(3);
    const report = base.containers[0]?.report;
    const apart = withFirst(base, { report: report && { ...report, members: ['node-1'] } });
    expect(known(apart.containers[0] as Container, apart.containers)).toBe(0);
    expect(missing(apart)).toEqual(['1@h1 has not connected to 2 of them']);
  });
});

describe('the table', () => {
  it('has a row and a column for each container', () => {
    expect(tableOf(scene(3, ['3<1']))).toEqual({
      head: ['CONTAINER', 'HOST', 'ADDRESS', '1@h1', '2@h2', '3@h1', 'CLUSTER'],
      rows: [
        ['client.1', 'h1', '10.0.1.1', ' ', '✓', '✓', '3 of 3 nodes'],
        ['client.2', 'h2', '10.0.1.2', '✓', ' ', '✓', '3 of 3 nodes'],
        ['client.3', 'h1', '10.0.1.3', '·', '✓', ' ', '3 of 3 nodes'],
      ],
    });
  });

  it('shows what a container without a report does', () => {
    const starting = withFirst(scene(2), { report: undefined, state: 'starting', host: '' });
    expect(tableOf(starting).rows).toEqual([
      ['client.1', '', '10.0.1.1', ' ', '·', 'starting'],
      ['client.2', 'h2', '10.0.1.2', '·', ' ', '1 of 2 nodes'],
    ]);
  });

  it('is a sentence while there is nothing', () => {
    expect(describeScene({ ...scene(0) })).toEqual(['No container has been started yet.']);
  });
});
