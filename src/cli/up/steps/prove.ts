import { setTimeout as delay } from 'node:timers/promises';
import type { ProbeReport } from '../../../contract/commands.ts';
import type { HostReport } from '../../../contract/report.ts';
import type { Member } from '../session.ts';
import { castnet } from './agent.ts';

/** Milliseconds in which agents that just started have come to know each other. */
const MEET_MS = 30_000;
const CALL_MS = 25_000;
const AGAIN_MS = 300;

/**
 * What `castnet probe` sees between all hosts, on a network made for it. Agents that are new to each
 * other are given time; what is lost after it is told.
 */
export async function prove(
  lead: Member,
  all: readonly Member[],
  signal?: AbortSignal,
): Promise<ProbeReport> {
  const hosts = all
    .filter((it) => it !== lead)
    .map((it) => it.facts.swarm.nodeAddress || it.facts.address);
  const end = performance.now() + MEET_MS;
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    const report = await once(lead, hosts, !isFirst).catch((error: Error) => error);
    const isLate = performance.now() >= end;
    if (report instanceof Error) {
      if (isLate) throw report;
      await delay(AGAIN_MS, undefined, { signal });
    } else if ((report.ok && report.hosts.length === all.length) || isLate) return report;
  }
}

/** @param isAgain two others may not have met yet: an agent tries only those that its Docker lists */
async function once(
  lead: Member,
  hosts: readonly string[],
  isAgain: boolean,
): Promise<ProbeReport> {
  const { peers } = await castnet<HostReport>(lead, 'GET', '/v1/host');
  const up = new Set(peers.filter((it) => it.state === 'up').map((it) => it.address));
  // A checkup makes the agents connect to every host, whether they share a network or not.
  if (isAgain || !hosts.every((it) => up.has(it))) {
    await castnet(lead, 'POST', '/v1/checkup', { body: { hosts }, timeoutMs: CALL_MS });
  }
  return castnet<ProbeReport>(lead, 'POST', '/v1/probe', { body: {}, timeoutMs: CALL_MS });
}
