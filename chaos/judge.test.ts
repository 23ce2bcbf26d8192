import { describe, expect, it } from 'vitest';
import type { Calls, Report } from '../lab/tools/pulse.ts';
import { betrayed, type Heard, losses, recovery, unheard } from './judge.ts';

const NOW = 100_000;

type Change = { lost?: number; since?: number; lastAt?: number; doubles?: number };

/** A container that hears these others well, but for what is said of a flow, as "FROM KIND". */
function heard(
  id: string,
  host: string,
  others: string[],
  more: {
    changes?: Record<string, Change>;
    calls?: Record<string, Calls>;
    startedAt?: number;
    unread?: number;
    told?: Record<string, number>;
  } = {},
): Heard {
  const { changes = {}, calls = {}, startedAt = 0, unread = 0, told = {} } = more;
  const flows: Report['flows'] = others.flatMap((from) =>
    ['m', 'u'].map((kind) => {
      const base = { from, kind, count: 9, lost: 0, doubles: 0, lastAt: NOW, since: 1_000 };
      return { ...base, ...changes[`${from} ${kind}`] };
    }),
  );
  const report = { id, startedAt, now: NOW, flows, told, calls, unread };
  return { host, name: id, ip: `ip-${id}`, report };
}

describe('unheard', () => {
  it('is empty when every pair hears each other without a gap', () => {
    expect(unheard([heard('a', 'h1', ['b']), heard('b', 'h2', ['a'])])).toEqual([]);
  });

  it('names who never heard whom, who heard nothing lately, and who had a gap lately', () => {
    const changes = { 'b m': { lastAt: NOW - 3_000 }, 'b u': { since: NOW - 500 } };
    expect(unheard([heard('a', 'h1', ['b'], { changes }), heard('b', 'h2', [])])).toEqual([
      'no multicast from b at a for 3000 ms',
      'unicast from b at a had a gap 500 ms ago',
      'no multicast from a at b yet',
      'no unicast from a at b yet',
    ]);
  });

  it('names who has not been heard since the fault, though it is not long ago', () => {
    const changes = { 'b m': { lastAt: NOW - 500 } };
    const all = [heard('a', 'h1', ['b'], { changes }), heard('b', 'h2', ['a'])];
    expect(unheard(all, NOW - 600)).toEqual([]);
    expect(unheard(all, NOW - 400)).toEqual(['no multicast from b at a since the fault']);
  });

  it('names calls that failed lately, or have not been answered for long', () => {
    const good = { ok: 1, failed: 1, okAt: NOW, failedAt: NOW - 500, lastError: 'ECONNREFUSED' };
    const calls = { v: good, w: { ...good, okAt: 0, failedAt: 0 } };
    expect(unheard([heard('a', 'h1', [], { calls })])).toEqual([
      'a call of a failed: ECONNREFUSED',
      'a waits for an answer of the service',
    ]);
  });
});

describe('recovery', () => {
  it('is the time from the fault to the first packet after the last gap of any pair', () => {
    const changes = { 'b m': { since: 14_000 }, 'b u': { since: 12_000 } };
    const all = [heard('a', 'h1', ['b'], { changes }), heard('b', 'h2', ['a'])];
    expect(recovery(all, 10_000)).toEqual({ ms: 4_000, last: 'multicast from b at a' });
    expect(recovery(all, 20_000)).toEqual({ ms: 0, last: '' });
  });

  it('begins with the container where that is younger than the fault', () => {
    const changes = { 'b m': { since: 14_000 }, 'b u': { since: 14_000 } };
    const b = heard('b', 'h2', ['a'], { startedAt: 13_500 });
    expect(recovery([heard('a', 'h1', ['b'], { changes }), b], 10_000).ms).toBe(500);
  });

  it('begins with the sender’s being told of the other, of unicast', () => {
    const changes = { 'b m': { since: 14_000 }, 'b u': { since: 19_000 } };
    const b = heard('b', 'h2', ['a'], { told: { 'ip-a': 18_000 } });
    expect(recovery([heard('a', 'h1', ['b'], { changes }), b], 10_000).ms).toBe(4_000);
  });

  it('lasts until the last call failed', () => {
    const call = { ok: 1, failed: 1, okAt: NOW, failedAt: 17_000, lastError: 'ECONNREFUSED' };
    expect(recovery([heard('a', 'h1', [], { calls: { v: call } })], 10_000)).toEqual({
      ms: 7_000,
      last: 'a call of a, ECONNREFUSED',
    });
  });
});

describe('losses', () => {
  const none = (): boolean => false;
  const before = [heard('a', 'h1', ['b', 'c']), heard('b', 'h2', ['a', 'c'])];

  it('counts what was lost and doubled between the looks, not before', () => {
    const old = { 'b m': { lost: 5, doubles: 1 } };
    const now = { 'b m': { lost: 7, doubles: 2 }, 'b u': { lost: 1 } };
    const then = [heard('a', 'h1', ['b'], { changes: old }), heard('b', 'h2', ['a'])];
    const after = [heard('a', 'h1', ['b'], { changes: now }), heard('b', 'h2', ['a'])];
    expect(losses(then, after, none)).toMatchObject({ lost: 3, lostElsewhere: 3, doubles: 1 });
    const touched = (host: string): boolean => host === 'h2';
    expect(losses(then, after, touched)).toMatchObject({ lost: 3, lostElsewhere: 0 });
  });

  it('does not count what arrived and was not read in time', () => {
    const changes = { 'b m': { lost: 5 }, 'b u': { lost: 4 } };
    const later = (unread: number) => [
      heard('a', 'h1', ['b'], { changes, unread }),
      heard('b', 'h2', ['a'], { unread: 100 }),
    ];
    expect(losses(before, later(6), none)).toMatchObject({ lost: 3, lostElsewhere: 3 });
    expect(losses(before, later(9), none)).toMatchObject({ lost: 0, lostElsewhere: 0 });
    expect(losses(later(6), later(6), none)).toMatchObject({ lost: 0 });
  });

  it('leaves out containers that did not live all the while', () => {
    const changes = { 'c m': { lost: 9 } };
    const after = [heard('a', 'h1', ['c'], { changes }), heard('c', 'h2', ['a'])];
    expect(losses(before, after, none)).toMatchObject({ lost: 0 });
  });

  it('counts failed calls and tells of one', () => {
    const call = { ok: 0, failed: 2, okAt: 0, failedAt: 1, lastError: 'no answer' };
    const after = [heard('a', 'h1', [], { calls: { v: call } })];
    expect(losses(before, after, none)).toMatchObject({
      failedCalls: 2,
      lastError: 'a, no answer',
    });
  });
});

describe('betrayed', () => {
  const all = { multicast: 3, unicast: 3, broadcast: 3, ARP: 3, ND: 3, frame: 9 };
  const nothing = { multicast: 0, unicast: 0, broadcast: 0, ARP: 0, ND: 0, frame: 0 };

  it('is empty when all of the plain network was seen, and nothing of the encrypted one', () => {
    expect(betrayed({ plain: all, encrypted: nothing })).toEqual([]);
  });

  it('names what was in clear, and what was not looked at', () => {
    expect(betrayed({ plain: { ...all, ARP: 0 }, encrypted: { ...nothing, frame: 2 } })).toEqual([
      'frame of the encrypted network was in clear 2 times',
      'no ARP of the plain network was seen, so nothing is shown',
    ]);
  });
});
