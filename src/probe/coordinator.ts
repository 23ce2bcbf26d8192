import { randomInt } from 'node:crypto';
import type { ZodType } from 'zod';
import type { ProbeReport } from '../contract/commands.ts';
import type { Finding } from '../contract/finding.ts';
import { unusable } from '../contract/parts.ts';
import {
  type ProbeHeard,
  type ProbeInvitation,
  type ProbeOrder,
  type ProbeSeat,
  type ProbeSent,
  probeHeard,
  probeSeat,
  probeSent,
} from '../contract/probe.ts';
import type { HostReport, PeerReport, SessionFault } from '../contract/report.ts';
import type { Participant } from '../core/diagnosis/probe-pairs.ts';
import { probeReport } from '../core/diagnosis/probe-report.ts';
import { sessionFinding } from '../core/diagnosis/session-finding.ts';
import { PROBE_HOSTS_MAX, probeAddress } from '../net/probe.ts';
import type { TcpOutcome } from '../net/tcp.ts';
import { PROBE_QUESTIONS } from './questions.ts';
import { groupFor, namedNetwork, type Subject, trialNetwork } from './subject.ts';

/** What is needed to probe the whole Swarm from one host. */
export interface Field {
  report(): HostReport;
  /** Asks this host itself. */
  askSelf(what: string, args: unknown): Promise<unknown>;
  /** Asks another host, by its address. @throws Error when it does not answer in time */
  ask(address: string, what: string, args: unknown, timeoutMs: number): Promise<unknown>;
  /** Tries a TCP connection to a host's agent. */
  tryTcp(address: string): Promise<TcpOutcome>;
}

/** A question that all are asked at once. */
interface Turn<T> {
  readonly what: string;
  readonly timeoutMs: number;
  readonly schema: ZodType<T>;
}

/** A host that is well opens within some 200 ms, a busy one within seconds; nobody waits for more. */
const OPEN_MS = 4_000;
const SEND = { what: PROBE_QUESTIONS.send, timeoutMs: 8_000, schema: probeSent };
const CLOSE = { what: PROBE_QUESTIONS.close, timeoutMs: 4_000, schema: probeHeard };

/**
 * Probes a network between all hosts that have it, or, where none is named, a network made for the
 * purpose between all hosts that this one knows.
 * @param name the network's name or the beginning of its id
 * @throws Fault when this host has no such network
 */
export async function probeNetwork(field: Field, name: string | undefined): Promise<ProbeReport> {
  const report = field.report();
  const run = randomInt(2 ** 32);
  const network = name === undefined ? trialNetwork(report, run) : namedNetwork(report, name);
  const lead: Lead = { field, report, run, self: report.tunnel?.address ?? 'this host' };
  const invited = [undefined, ...network.peers].slice(0, PROBE_HOSTS_MAX);
  const places = await Promise.all(invited.map((peer, at) => open(lead, network, { peer, at })));
  const seats = places.flatMap((it) => it.seat ?? []);
  const sent = await inTurn(lead, places, { ...SEND, argsOf: (own) => orderFor(run, own, seats) });
  // Only when all have sent is it known what was heard.
  const heard = await inTurn(lead, places, { ...CLOSE, argsOf: () => ({ run }) });
  return probeReport({
    network: network.name ?? network.id,
    participants: await Promise.all(
      places.map((place, at) => participant(lead, place, { sent: sent[at], heard: heard[at] })),
    ),
    ports: { tcp: report.peerPort, udp: portOf(report, network) },
    encrypted: network.options.encrypted === true,
  });
}

/** By which UDP port its packets travel. */
const portOf = ({ tunnel, wireguard }: HostReport, { options }: Subject): number =>
  (options.encrypted ? wireguard?.port : tunnel?.port) ?? 4789;

/** What one probe is led with. */
interface Lead {
  readonly field: Field;
  /** This host's report when it began. */
  readonly report: HostReport;
  readonly run: number;
  /** This host's tunnel address. */
  readonly self: string;
}

/** A host that was invited. */
interface Place {
  /** Undefined for the leading host itself. */
  readonly peer: PeerReport | undefined;
  readonly address: string;
  readonly seat?: ProbeSeat;
  readonly failure?: Finding;
}

const ask = (
  { field }: Lead,
  peer: PeerReport | undefined,
  { what, args, timeoutMs }: { what: string; args: object; timeoutMs: number },
): Promise<unknown> =>
  peer === undefined ? field.askSelf(what, args) : field.ask(peer.address, what, args, timeoutMs);

async function open(
  lead: Lead,
  network: Subject,
  { peer, at }: { peer: PeerReport | undefined; at: number },
): Promise<Place> {
  const address = peer?.address ?? lead.self;
  const ip = probeAddress(lead.run, at);
  const group = groupFor(network);
  const args: ProbeInvitation = {
    ...{ run: lead.run, network: network.id, ip },
    ...(network.trial === undefined ? {} : { trial: network.trial }),
    ...(group === undefined ? {} : { group }),
  };
  try {
    const answer = await ask(lead, peer, { what: PROBE_QUESTIONS.open, args, timeoutMs: OPEN_MS });
    return { peer, address, seat: { ...readAnswer(probeSeat, answer), ip } };
  } catch (error) {
    return { peer, address, failure: await failureOf(lead, peer, error as Error) };
  }
}

/** Asks everyone who has a seat; an Error stands for an answer that did not come. */
function inTurn<T>(
  lead: Lead,
  places: readonly Place[],
  { what, timeoutMs, schema, argsOf }: Turn<T> & { argsOf: (seat: ProbeSeat) => object },
): Promise<(T | Error | undefined)[]> {
  return Promise.all(
    places.map(async ({ peer, seat }) => {
      if (seat === undefined) return undefined;
      try {
        return readAnswer(schema, await ask(lead, peer, { what, args: argsOf(seat), timeoutMs }));
      } catch (error) {
        return error as Error;
      }
    }),
  );
}

const orderFor = (run: number, own: ProbeSeat, seats: readonly ProbeSeat[]): ProbeOrder => ({
  run,
  others: seats
    .filter((it) => it !== own)
    .map(({ host, ip, mac, mtu }) => ({ host, ip, mac, mtu })),
});

async function participant(
  lead: Lead,
  { peer, address, seat, failure }: Place,
  { sent, heard }: { sent: ProbeSent | Error | undefined; heard: ProbeHeard | Error | undefined },
): Promise<Participant> {
  const error = [sent, heard].find((it) => it instanceof Error);
  const why = failure ?? (error && (await failureOf(lead, peer, error)));
  return {
    address,
    ...(seat === undefined ? {} : { seat }),
    ...(sent === undefined || sent instanceof Error ? {} : { sent }),
    ...(heard === undefined || heard instanceof Error ? {} : { heard }),
    ...(why === undefined ? {} : { failure: why }),
  };
}

/** Why a host takes no part. */
async function failureOf(
  { field, self, report }: Lead,
  peer: PeerReport | undefined,
  error: Error,
): Promise<Finding> {
  const address = peer?.address ?? self;
  if (peer !== undefined) {
    // What the session's end told may be old, or not have come yet.
    const outcome = await field.tryTcp(address);
    const isMute = peer.state !== 'up' || /^no answer/.test(error.message);
    const known = peer.fault === 'certificate' ? peer.fault : isMute ? 'mute' : undefined;
    const fault: SessionFault | undefined = outcome === 'open' ? known : outcome;
    const state = fault === undefined ? peer.state : 'agent-down';
    const now = { ...peer, state, ...(fault === undefined ? {} : { fault }) };
    const session = sessionFinding(now, { from: self, port: report.peerPort });
    if (session !== undefined) return session;
  }
  return {
    code: 'peer-missing',
    severity: 'error',
    host: address,
    what: `host ${address} takes no part: ${error.message}`,
    remedy: `on ${address}: castnet status; castnet networks`,
  };
}

/** @throws Error that says what is wrong with the answer */
function readAnswer<T>(schema: ZodType<T>, answer: unknown): T {
  const checked = schema.safeParse(answer);
  if (checked.success) return checked.data;
  throw new Error(unusable(checked.error));
}
