/** The chaos run: fault after fault, each judged when it is over. */

import { healthy } from '../lab/kit/agent.ts';
import { settled } from '../lab/kit/kernel.ts';
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/run.ts';
import { Eye } from './canary.ts';
import { saveEvidence } from './evidence.ts';
import type { Fault, Site } from './faults/fault.ts';
import { betrayed, losses, recovery, unheard } from './judge.ts';
import { order } from './order.ts';
import { CANARIES, type HeardOn, NETWORK, Scene, SECRET } from './scene.ts';
import type { Row } from './table.ts';

/** In which every pair must hear each other again, milliseconds. */
const RIGHT_MS = 10_000;
/** After which the run stops waiting for a recovery and ends. */
const RECOVERY_MS = 120_000;
/** In which the kernel must hold exactly what it should, once all hear each other, milliseconds. */
const EXACT_MS = 15_000;

export type ChaosOptions = {
  lab: Lab;
  faults: readonly Fault[];
  /** The order of the faults and their victims follows from it. */
  seed: number;
  /** No fault begins after that time. */
  minutes: number;
  /** Of the lab's hosts, the first so many; workers are the others. */
  managers: number;
  /** A broken promise ends the run, and everything stays as it is then. */
  keep?: boolean;
  onRow?: (row: Row) => void;
  signal?: AbortSignal;
};

/** Runs until the time is over. @returns what came of each fault, in order */
export async function runChaos(options: ChaosOptions): Promise<Row[]> {
  const { lab, seed, managers, keep = false, signal = new AbortController().signal } = options;
  const scene = await Scene.deploy(lab);
  const recover = (): Promise<unknown> => recovered(scene, signal);
  await recover();
  const eye = await Eye.open(lab, CANARIES);
  const site: Ground = { lab, scene, signal, recovered: recover, eye };
  const end = performance.now() + options.minutes * 60_000;
  const rows: Row[] = [];
  const hosts = lab.hosts.map(({ name }) => name);
  try {
    for (const { fault, victim } of order(options.faults, { hosts, managers, seed })) {
      if (performance.now() >= end || signal.aborted) break;
      const row = await suffer(site, fault, victim);
      const isBroken = row.broken.length > 0;
      if (isBroken) row.saved = await saveEvidence(lab, row);
      rows.push(row);
      options.onRow?.(row);
      // A run that cannot recover would only report the same again.
      if (!Number.isFinite(row.recoveryMs) || (keep && isBroken)) return rows;
    }
  } finally {
    // What it missed it cannot vouch for.
    await eye.close().catch((error: Error) => rows.at(-1)?.broken.push(error.message));
  }
  await scene.remove();
  return rows;
}

type Ground = Site & { readonly eye: Eye<keyof typeof CANARIES> };

/** One fault from its begin to the judgement. */
async function suffer(site: Ground, fault: Fault, drawn: string): Promise<Row> {
  const victim = (await fault.find?.(site)) ?? site.lab.host(drawn);
  const { name } = victim;
  const before = await site.scene.hear();
  const broken: string[] = [];
  const note = (error: Error): void => void broken.push(error.message);
  const since = await fault.inflict(site, victim).catch((error: Error) => {
    note(error);
    return Date.now();
  });
  const ended = Date.now();
  const row: Row = {
    ...{ fault: fault.name, victim: name, recoveryMs: Number.POSITIVE_INFINITY, last: '' },
    ...{ lost: 0, lostElsewhere: 0, failedCalls: 0, helped: [], broken },
    encrypted: { recoveryMs: Number.POSITIVE_INFINITY, lost: 0 },
  };
  const after = await recovered(site.scene, site.signal, { helped: row.helped, ended }).catch(note);
  await site.eye.seen().then((seen) => {
    row.seen = { plain: seen[NETWORK], encrypted: seen[SECRET] };
    broken.push(...betrayed(row.seen));
  }, note);
  if (after === undefined) return row;
  row.encrypted = judgeSecret(before[SECRET], after[SECRET], { fault, name, ended, note });
  const twins = await site.scene.partTwins();
  row.helped.push(...twins);
  if (twins.length > 0) await recovered(site.scene, site.signal).catch(note);
  const { ms, last } = recovery(after[NETWORK], since);
  row.recoveryMs = ms;
  row.last = last;
  await exact(site).catch(note);
  const lost = losses(before[NETWORK], after[NETWORK], (host) => host === name);
  const { doubles, lastError } = lost;
  row.lost = lost.lost;
  row.lostElsewhere = lost.lostElsewhere;
  row.failedCalls = lost.failedCalls;
  if (row.recoveryMs > RIGHT_MS) {
    broken.push(`recovery took ${ms} ms, more than ${RIGHT_MS}; right last was ${last}`);
  }
  // What was sent to an address that two have cannot be judged.
  if (twins.length > 0) return row;
  if (row.lostElsewhere > 0) broken.push(`${row.lostElsewhere} packets lost between other hosts`);
  if (doubles > 0) broken.push(`${doubles} packets came twice`);
  if (fault.lossless && row.lost > 0) broken.push(`${row.lost} packets lost`);
  if (fault.lossless && row.failedCalls > 0) {
    broken.push(`${row.failedCalls} calls of the service failed, as at ${lastError}`);
  }
  return row;
}

/**
 * The encrypted network is held to the same, but for what `Fault.rests` says, and its time counts from the end
 * of the fault: by then the next agent runs.
 */
function judgeSecret(
  before: HeardOn[typeof SECRET],
  after: HeardOn[typeof SECRET],
  it: { fault: Fault; name: string; ended: number; note: (error: Error) => void },
): Row['encrypted'] {
  const { ms, last } = recovery(after, it.ended);
  const { lost, lostElsewhere, doubles } = losses(before, after, (host) => host === it.name);
  const say = (what: string): void => it.note(new Error(`on the encrypted network ${what}`));
  if (ms > RIGHT_MS) say(`recovery took ${ms} ms, more than ${RIGHT_MS}; right last was ${last}`);
  if (lostElsewhere > 0) say(`${lostElsewhere} packets were lost between other hosts`);
  if (doubles > 0) say(`${doubles} packets came twice`);
  if (it.fault.lossless && it.fault.rests !== true && lost > 0) say(`${lost} packets were lost`);
  return { recoveryMs: ms, lost };
}

/** Waits until every container hears every other by multicast and unicast, for some seconds. */
async function recovered(
  scene: Scene,
  signal: AbortSignal,
  { helped = [], ended = 0 }: { helped?: string[]; ended?: number } = {},
): Promise<HeardOn> {
  await scene.dockerDone();
  return until(
    async () => {
      const all = await scene.hear().catch(async (error: Error) => {
        helped.push(...(await scene.help()));
        throw error;
      });
      const missing = [
        ...unheard(all[NETWORK], ended),
        ...unheard(all[SECRET], ended).map((it) => `encrypted: ${it}`),
      ];
      if (missing.length === 0) return all;
      throw new Error(`${missing.length} of the pairs; ${missing.slice(0, 3).join('; ')}`);
    },
    {
      what: 'everyone hearing everyone',
      timeoutMs: RECOVERY_MS,
      everyMs: 200,
      signal,
    },
  );
}

/** Every kernel leads to exactly the containers that Docker lists, and no agent has a step to do. */
async function exact({ lab }: Site): Promise<void> {
  await settled(lab, NETWORK, EXACT_MS);
  await settled(lab, SECRET, EXACT_MS);
  await healthy(lab, { withinMs: EXACT_MS });
}
