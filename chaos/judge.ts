/** Who hears whom, and what was lost, from what the containers say. Pure. */
import type { Report } from '../lab/tools/pulse.ts';
import type { Seen } from './canary.ts';

/** A container's report, with the host that it runs on. */
export type Heard = { host: string; name: string; ip: string; report: Report };

/** A flow without a packet for that long is interrupted; they come every 0.1 s. Milliseconds. */
const SILENT_MS = 2_000;
/** A flow is right when nothing was lost for that long, milliseconds. */
const STEADY_MS = 2_000;

const KINDS = { m: 'multicast', u: 'unicast' };

/**
 * What is not right now, in words: ordered pairs, and calls of the service.
 * @param since an interruption that began before is over only when something came after it, milliseconds of
 * the epoch: one that goes on for a moment only looks like none
 */
export function unheard(all: readonly Heard[], since = 0): string[] {
  return [...unheardPairs(all, since), ...unanswered(all)];
}

function unanswered(all: readonly Heard[]): string[] {
  return all.flatMap(({ name, report: { now, calls } }) =>
    Object.values(calls).flatMap(({ okAt, failedAt, lastError }) => {
      if (now - failedAt < STEADY_MS) return `a call of ${name} failed: ${lastError}`;
      return now - okAt > SILENT_MS ? `${name} waits for an answer of the service` : [];
    }),
  );
}

function unheardPairs(all: readonly Heard[], since: number): string[] {
  return pairs(all).flatMap(({ from, to }) =>
    Object.entries(KINDS).flatMap(([kind, word]) => {
      const flow = flowOf(to, from, kind);
      const who = `${word} from ${from.name} at ${to.name}`;
      const now = to.report.now;
      if (flow === undefined) return `no ${who} yet`;
      if (flow.lastAt <= since) return `no ${who} since the fault`;
      if (now - flow.lastAt > SILENT_MS) return `no ${who} for ${now - flow.lastAt} ms`;
      return now - flow.since < STEADY_MS ? `${who} had a gap ${now - flow.since} ms ago` : [];
    }),
  );
}

export type Recovery = {
  ms: number;
  /** What was right last, in words; empty when nothing was wrong. */
  last: string;
};

/**
 * From `since` (milliseconds of the epoch) until the last pair was right, and the last call failed;
 * from the start of the younger container, or from when the one was told of the other, if that was
 * later. All must be right now.
 */
export function recovery(all: readonly Heard[], since: number): Recovery {
  const flows = pairs(all).flatMap(({ from, to }) => {
    const lived = Math.max(since, from.report.startedAt, to.report.startedAt);
    return Object.entries(KINDS).map(([kind, word]): Recovery => {
      const begin = kind === 'm' ? lived : Math.max(lived, from.report.told[to.ip] ?? 0);
      const ms = (flowOf(to, from, kind)?.since ?? begin) - begin;
      return { ms, last: `${word} from ${from.name} at ${to.name}` };
    });
  });
  const calls = all.flatMap(({ name, report }) =>
    Object.values(report.calls).map(({ failedAt, lastError }): Recovery => {
      const ms = failedAt - Math.max(since, report.startedAt);
      return { ms, last: `a call of ${name}, ${lastError}` };
    }),
  );
  const worst = (a: Recovery, b: Recovery): Recovery => (b.ms > a.ms ? b : a);
  return [...flows, ...calls].reduce(worst, { ms: 0, last: '' });
}

export type Losses = {
  lost: number;
  /** Of these, between containers of hosts that the fault did not touch. */
  lostElsewhere: number;
  doubles: number;
  failedCalls: number;
  /** One of the failures, in words. */
  lastError: string;
};

/**
 * What got lost between two looks, of containers that lived all the while. A packet that a receiver
 * was too busy to read did arrive: 277 of them fill its socket, which is a second on a machine that
 * has too few cores for the moment.
 */
export function losses(
  before: readonly Heard[],
  after: readonly Heard[],
  touched: (host: string) => boolean,
): Losses {
  const sum: Losses = { lost: 0, lostElsewhere: 0, doubles: 0, failedCalls: 0, lastError: '' };
  const earlier = new Map(before.map((it) => [it.report.id, it]));
  for (const to of after) {
    const then = earlier.get(to.report.id);
    if (then === undefined) continue;
    const missing = { all: 0, elsewhere: 0 };
    for (const from of after) {
      const old = earlier.get(from.report.id);
      if (old === undefined || from === to) continue;
      for (const kind of Object.keys(KINDS)) {
        const now = flowOf(to, from, kind);
        const was = flowOf(then, old, kind);
        const lost = (now?.lost ?? 0) - (was?.lost ?? 0);
        missing.all += lost;
        if (!touched(from.host) && !touched(to.host)) missing.elsewhere += lost;
        sum.doubles += (now?.doubles ?? 0) - (was?.doubles ?? 0);
      }
    }
    const unread = to.report.unread - then.report.unread;
    sum.lost += Math.max(0, missing.all - unread);
    sum.lostElsewhere += Math.max(0, missing.elsewhere - unread);
    for (const [address, { failed, lastError }] of Object.entries(to.report.calls)) {
      const more = failed - (then.report.calls[address]?.failed ?? 0);
      sum.failedCalls += more;
      if (more > 0) sum.lastError = `${to.name}, ${lastError}`;
    }
  }
  return sum;
}

function pairs(all: readonly Heard[]): { from: Heard; to: Heard }[] {
  return all.flatMap((to) => all.filter((from) => from !== to).map((from) => ({ from, to })));
}

function flowOf(to: Heard, from: Heard, kind: string): Report['flows'][number] | undefined {
  return to.report.flows.find((it) => it.from === from.report.id && it.kind === kind);
}

/**
 * What the eye on the links between the hosts must not have seen, in words: anything of the encrypted
 * network; or of the plain one nothing of some kind, for then it would have seen nothing of the other either.
 */
export function betrayed({ plain, encrypted }: Record<'plain' | 'encrypted', Seen>): string[] {
  const entries = (seen: Seen): [string, number][] => Object.entries(seen);
  return [
    ...entries(encrypted)
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => `${kind} of the encrypted network was in clear ${count} times`),
    ...entries(plain)
      .filter(([, count]) => count === 0)
      .map(([kind]) => `no ${kind} of the plain network was seen, so nothing is shown`),
  ];
}
