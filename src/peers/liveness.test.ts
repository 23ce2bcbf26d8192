import { describe, expect, it } from 'vitest';
import type { PeerState } from '../contract/report.ts';
import { keepsRecord, type LifeEvent, live, newLife } from './liveness.ts';

const RULES = { silenceMs: 4000, tickMs: 500 };

/** Plays events at their times, with the ticks between, up to `end`; the states at each change. */
function play(events: readonly (readonly [number, LifeEvent])[], end: number): string[] {
  let life = newLife(0);
  const states: string[] = [];
  const step = (event: LifeEvent, now: number) => {
    const next = live(life, event, { now, rules: RULES });
    if (next.state !== life.state) states.push(`${now} ${next.state}`);
    life = next;
  };
  const ticks = Array.from({ length: Math.floor(end / 500) }, (_, i) => (i + 1) * 500);
  const all = [...events, ...ticks.map((at) => [at, 'tick'] as const)];
  for (const [at, event] of all.toSorted((a, b) => a[0] - b[0])) step(event, at);
  return states;
}

const each = (event: LifeEvent, from: number, to: number): (readonly [number, LifeEvent])[] =>
  Array.from({ length: Math.floor((to - from) / 900) + 1 }, (_, i) => [from + i * 900, event]);

describe('the state of a peer', () => {
  const cases: [string, (readonly [number, LifeEvent])[], number, string[]][] = [
    ['nobody ever answers', [[1500, 'lost']], 6000, ['4000 silent']],
    [
      'it answers',
      [
        [5, 'answered'],
        [9, 'opened'],
      ],
      3000,
      ['5 agent-down', '9 up'],
    ],
    ['it keeps speaking', [[9, 'opened'], ...each('heard', 900, 20_000)], 20_000, ['9 up']],
    [
      'its agent is killed: closed, then refused for long',
      [[9, 'opened'], [100, 'closed-by-peer'], ...each('answered', 200, 30_000)],
      30_000,
      ['9 up', '100 agent-down'],
    ],
    [
      'its agent is killed and comes back',
      [
        [9, 'opened'],
        [100, 'closed-by-peer'],
        [900, 'opened'],
      ],
      2000,
      ['9 up', '100 agent-down', '900 up'],
    ],
    [
      'its agent is stuck, its kernel takes connections',
      [[9, 'opened'], ...each('answered', 900, 20_000)],
      20_000,
      ['9 up', '4500 agent-down'],
    ],
    ['the host is cut off under an open session', [[9, 'opened']], 9000, ['9 up', '4500 silent']],
    [
      'the host goes soon after its agent',
      [
        [9, 'opened'],
        [100, 'closed-by-peer'],
        [1600, 'lost'],
        [3000, 'lost'],
      ],
      9000,
      ['9 up', '100 agent-down', '4500 silent'],
    ],
    [
      'it loses the session without a sign, and is back in time',
      [
        [9, 'opened'],
        [2000, 'lost'],
        [3000, 'answered'],
        [3010, 'opened'],
      ],
      5000,
      ['9 up', '2000 agent-down', '3010 up'],
    ],
    [
      'the host is back after silence',
      [
        [9, 'opened'],
        [6000, 'answered'],
        [6300, 'opened'],
      ],
      7000,
      ['9 up', '4500 silent', '6000 agent-down', '6300 up'],
    ],
  ];
  it.each(cases)('%s', (_name, events, end, states) => {
    expect(play(events, end)).toEqual(states);
  });
});

it('does not hold its own stall against a peer', () => {
  let life = live(newLife(0), 'opened', { now: 0, rules: RULES });
  life = live(life, 'tick', { now: 500, rules: RULES });
  // This process was stopped for a minute; what the peer sent meanwhile is not read yet.
  life = live(life, 'tick', { now: 60_500, rules: RULES });
  expect(life.state).toBe('up');
  for (let now = 61_000; now <= 64_500; now += 500)
    life = live(life, 'tick', { now, rules: RULES });
  expect(life.state).toBe('silent');
});

it('keeps the record in every state but silence', () => {
  const states: PeerState[] = ['connecting', 'up', 'agent-down', 'silent'];
  expect(states.filter(keepsRecord)).toEqual(['connecting', 'up', 'agent-down']);
});
