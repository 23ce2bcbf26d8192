import { setTimeout as delay } from 'node:timers/promises';
import { FEATURES, featureRemedy } from '../../core/diagnosis/features.ts';
import type { HostFacts, Problem } from './core/facts.ts';
import {
  type Busy,
  busyProblems,
  encryptionNotes,
  neededNow,
  portProblems,
  type Trial,
  type Tried,
  trialsOf,
} from './core/ports.ts';
import { isLoopback } from './core/problems.ts';
import { type Wanted, wantsEncryption } from './core/wanted.ts';
import type { OwnAddress } from './remote/own-addresses.ts';
import { type Member, memberOf } from './session.ts';

/** Milliseconds from the last packet to when it must have been heard. */
const UDP_MS = 700;

/** What trying the hosts told. */
export interface Tries {
  readonly problems: readonly Problem[];
  /** Ways that carried what was sent. */
  readonly passed: number;
  /** What is worth knowing and no problem. */
  readonly notes: readonly string[];
}

/** Tries the kernel of each host and the ports between every two. Nothing of it stays. */
export async function tryHosts(members: readonly Member[], wanted: Wanted): Promise<Tries> {
  const [kernels, ports, mtus] = await Promise.all([
    Promise.all(members.map((it) => tryKernel(it))),
    tryPorts(members, wanted),
    mtuNotes(members),
  ]);
  const { problems, passed, notes } = ports;
  return { problems: [...kernels.flat(), ...problems], passed, notes: [...mtus, ...notes] };
}

/** Where the agent runs it has tried the same, and `castnet status` tells. */
async function tryKernel({ facts, helper, host, rootfs }: Member): Promise<Problem[]> {
  if (facts.plugin?.enabled) return [];
  const tried = await Promise.all(
    FEATURES.map(async (feature): Promise<Problem[]> => {
      const { tool, script } = feature;
      const complaint = await helper.ask<string | null>('feature', { rootfs, tool, script });
      if (complaint === null) return [];
      return [
        {
          code: 'kernel',
          host: host.name,
          what: `the kernel of ${host.name} lacks ${feature.name}, which ${feature.why}: ${complaint.split('\n')[0]}`,
          remedy: `On ${host.name}, as root: ${featureRemedy(feature)}`,
        },
      ];
    }),
  );
  return tried.flat();
}

async function tryPorts(members: readonly Member[], wanted: Wanted): Promise<Tries> {
  const facts = members.map((it) => it.facts);
  const { settings } = wanted;
  const { listen, trials } = trialsOf(facts, settings);
  if (trials.length === 0) return { problems: [], passed: 0, notes: [] };
  const busy = await listenAll(members, listen);
  const tried = await sendAll(members, trials);
  const ask = { settings, encrypted: wantsEncryption(wanted) };
  const { needed, later } = neededNow(tried, ask);
  const taken = neededNow(busy, ask).needed;
  return {
    problems: [...busyProblems(facts, taken), ...portProblems(facts, needed, busy)],
    passed: tried.filter((it) => it.result === 'ok').length,
    notes: encryptionNotes(later, busy),
  };
}

async function listenAll(
  members: readonly Member[],
  listen: ReturnType<typeof trialsOf>['listen'],
): Promise<Busy[]> {
  const busy = members.map(async ({ host, helper }) => {
    const ports = listen.filter((it) => it.host === host.name);
    const found = await helper.ask<Omit<Busy, 'host'>[]>('listen', { ports });
    return found.map((it) => ({ ...it, host: host.name }));
  });
  return (await Promise.all(busy)).flat();
}

async function sendAll(members: readonly Member[], trials: readonly Trial[]): Promise<Tried[]> {
  const sent = await Promise.all(
    trials.map(async (it): Promise<Tried> => {
      const { address } = memberOf(members, it.to).facts;
      const { port, proto, from } = it;
      const result = await memberOf(members, from).helper.ask<string>(proto, {
        ...{ address, port, text: textOf(it) },
      });
      return { ...it, result };
    }),
  );
  // The last packet may still be on its way.
  await delay(UDP_MS);
  const heard = new Map<string, Set<string>>();
  await Promise.all(
    members.map(async ({ host, helper }) => {
      heard.set(host.name, new Set(await helper.ask<string[]>('heard')));
    }),
  );
  return sent.map((it) => {
    if (it.proto === 'tcp' || it.result !== 'ok') return it;
    const arrived = heard.get(it.to)?.has(`${it.port} ${textOf(it)}`);
    return arrived ? it : { ...it, result: 'nothing arrives' };
  });
}

const textOf = ({ from, to, port }: Trial): string => `castnet up: ${from} to ${to} at ${port}`;

async function mtuNotes(members: readonly Member[]): Promise<string[]> {
  const found = await Promise.all(
    members.map(async ({ facts, helper }) => {
      const own = await helper.ask<OwnAddress[]>('interfaces');
      return { host: facts.host, at: own.find((it) => it.address === facts.address) };
    }),
  );
  const mtus = found.flatMap(({ host, at }) => (at === undefined ? [] : [{ host, ...at }]));
  const least = Math.min(...mtus.map((it) => it.mtu));
  if (mtus.every((it) => it.mtu === least)) return [];
  const list = mtus.map((it) => `${it.host} ${it.mtu}`).join(', ');
  return [`The hosts' MTUs differ (${list}): castnet takes the least for all, ${least}.`];
}

/** A host that ssh reached by its loopback has another address for the others. */
export async function withOwnAddress(
  member: Member,
  others: readonly HostFacts[],
): Promise<Member> {
  const { facts, helper } = member;
  if (!isLoopback(facts.address)) return member;
  const known = facts.swarm.nodeAddress || undefined;
  const other = others.find((it) => it !== facts && !isLoopback(it.address));
  const address =
    known ??
    (other === undefined
      ? (await helper.ask<OwnAddress[]>('interfaces'))[0]?.address
      : await helper.ask<string>('towards', { address: other.address }));
  return { ...member, facts: { ...facts, address: address ?? '' } };
}
