/** Runs the chosen groups on a lab. A group that fails is a figure missed, not the run's end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import type { Context } from './context.ts';
import { measureChurn } from './groups/churn.ts';
import { measureEncryptedPackets, measureEncryptedTcp } from './groups/encrypted.ts';
import { measureConnect, measureEndpoints } from './groups/endpoints.ts';
import { measureFootprint } from './groups/footprint.ts';
import { measureJoins, measureLeaves } from './groups/membership.ts';
import {
  measureCopies,
  measureCost,
  measureLatency,
  measurePruning,
  measureRates,
} from './groups/multicast.ts';
import { measureServiceAddress, measureServiceUpdate } from './groups/services.ts';
import {
  measureConnections,
  measureRoundTrip,
  measureSmallPackets,
  measureTcp,
} from './groups/unicast.ts';
import { PathMaker } from './make-paths.ts';
import type { Group, Options } from './options.ts';
import type { Findings } from './result.ts';
import { compile } from './traffic.ts';

type Measure = (context: Context, directory: string) => Promise<void>;

const MEASURES: Record<Group, Measure[]> = {
  endpoints: [measureEndpoints, measureConnect],
  membership: [measureJoins, measureLeaves],
  copies: [measureCopies, measureCost],
  latency: [measureLatency],
  multicast: [measureRates, measurePruning],
  tcp: [measureTcp, measureConnections],
  udp: [measureSmallPackets, measureRoundTrip],
  encrypted: [measureEncryptedTcp, measureEncryptedPackets],
  services: [measureServiceAddress, measureServiceUpdate],
  churn: [measureChurn],
  agent: [measureFootprint],
};

export interface MeasureOptions extends Pick<Options, 'groups' | 'quick' | 'fastPath'> {
  readonly lab: Lab;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Measures; all that it made on the lab is gone when it returns. */
export async function measure(options: MeasureOptions): Promise<Findings> {
  const { lab, quick, fastPath, signal, say } = options;
  const findings: Findings = { rows: [], series: [], notes: [] };
  const directory = await mkdtemp(join(tmpdir(), 'castnet-bench-'));
  const paths = new PathMaker({
    ...{ lab, directory, fastPath },
    note: (text) => findings.notes.push(text),
  });
  try {
    const traffic = await compile(directory);
    const context: Context = {
      lab,
      traffic,
      quick,
      findings,
      path: (name) => paths.get(name),
      paths: (names) => paths.all(names),
      say: (text) => {
        // The place at which every measurement comes by.
        signal.throwIfAborted();
        say(text);
      },
    };
    for (const group of options.groups) {
      context.say(`measuring: ${group}`);
      for (const one of MEASURES[group]) await attempt(context, one, directory);
      signal.throwIfAborted();
    }
  } finally {
    await paths.close();
    await rm(directory, { recursive: true, force: true });
  }
  return findings;
}

async function attempt(context: Context, one: Measure, directory: string): Promise<void> {
  try {
    await one(context, directory);
  } catch (error) {
    const measured = `failed: ${(error as Error).message}`;
    const figure = one.name.replace(/^measure/, '');
    context.findings.rows.push({ figure, must: 'be measured', measured, kept: 'NO' });
    context.say(`${figure} ${measured}`);
  }
}
