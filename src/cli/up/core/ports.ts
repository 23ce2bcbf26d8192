import type { HostFacts, Problem } from './facts.ts';
import { wantedManagers } from './managers.ts';
import { portsOf } from './wanted.ts';

/** One port of one host that another is to reach. */
export interface Trial {
  readonly from: string;
  readonly to: string;
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
}

/** What each host is to listen at, and who sends there. */
export interface Trials {
  readonly listen: readonly Listener[];
  readonly trials: readonly Trial[];
}

export interface Listener {
  readonly host: string;
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
}

/**
 * Which ports are to be tried between which hosts: all that Swarm and castnet need, in both directions,
 * but not between hosts that already are what they are to be. The packets of `castnet probe` try those.
 */
export function trialsOf(
  facts: readonly HostFacts[],
  settings: Readonly<Record<string, string>>,
): Trials {
  const { swarm, gossip, sessions, vxlan, wireguard } = portsOf(settings);
  const managers = wantedManagers(facts);
  const needed = (to: string): Omit<Listener, 'host'>[] => [
    ...(managers.has(to) ? [{ proto: 'tcp', port: swarm } as const] : []),
    { proto: 'tcp', port: gossip },
    { proto: 'udp', port: gossip },
    { proto: 'tcp', port: sessions },
    { proto: 'udp', port: vxlan },
    { proto: 'udp', port: wireguard },
  ];
  const trials = facts.flatMap((from) =>
    facts
      .filter((to) => to !== from && !(isDone(from) && isDone(to)))
      .flatMap((to) => needed(to.host).map((it) => ({ from: from.host, to: to.host, ...it }))),
  );
  const listen = facts
    .filter(({ host }) => trials.some((it) => it.to === host))
    .flatMap(({ host }) => needed(host).map((it) => ({ host, ...it })));
  return { listen, trials };
}

/** Whether a host runs castnet in a Swarm, so that it has nothing left to be tried alone. */
const isDone = ({ swarm, plugin }: HostFacts): boolean =>
  swarm.state === 'active' && plugin?.enabled === true;

/** A port that could not be listened at, since somebody else does. */
export interface Busy extends Listener {
  /** The system's code, EADDRINUSE as a rule. */
  readonly code: string;
}

/** A trial, and how it ended: `ok`, or the system's code or words. */
export interface Tried extends Trial {
  readonly result: string;
}

/**
 * Who uses a port that is needed: on a host of a Swarm it is Docker, with castnet it is the agent, and
 * VXLAN shares its port with others (Docker's overlay does). Else it is a program in the way.
 */
export function busyProblems(facts: readonly HostFacts[], busy: readonly Busy[]): Problem[] {
  return busy.flatMap(({ host, proto, port, code }): Problem[] => {
    const it = facts.find((one) => one.host === host);
    const { vxlan, sessions } = portsOf(it?.plugin?.settings ?? {});
    const isOwn =
      proto === 'tcp' && port === sessions
        ? it?.plugin !== undefined
        : (proto === 'udp' && port === vxlan) || it?.swarm.state === 'active';
    if (isOwn) return [];
    const name = `${proto.toUpperCase()} ${port}`;
    return [
      {
        code: 'port-taken',
        host,
        what: `${name} of ${host} cannot be listened at (${code}): another program has it`,
        remedy: `On ${host}: ss -lnp 'sport = :${port}' shows which.`,
      },
    ];
  });
}

/**
 * Splits ports into those that are needed, and that of encrypted networks where none is wanted: a
 * firewall may keep it closed.
 */
export function neededNow<T extends Pick<Listener, 'proto' | 'port'>>(
  all: readonly T[],
  { settings, encrypted }: { settings: Readonly<Record<string, string>>; encrypted: boolean },
): { needed: readonly T[]; later: readonly T[] } {
  const { wireguard } = portsOf(settings);
  const isLater = (it: T) => !encrypted && it.proto === 'udp' && it.port === wireguard;
  return { needed: all.filter((it) => !isLater(it)), later: all.filter(isLater) };
}

/** What encrypted networks would miss, in one sentence; none where nothing is known to be. */
export function encryptionNotes(later: readonly Tried[], busy: readonly Busy[]): string[] {
  const lost = later.filter((it) => it.result !== 'ok' && !isBusy(busy, it));
  const [first] = lost;
  if (first === undefined) return [];
  const ways = lost.map(({ from, to }) => `${from} to ${to}`).join(', ');
  return [
    `UDP ${first.port} does not get through (${ways}): networks with --opt encrypted would have no way there.`,
  ];
}

/** Nobody can say of what the kernel or Docker took. */
const isBusy = (busy: readonly Busy[], { to, proto, port }: Trial): boolean =>
  busy.some((it) => it.host === to && it.proto === proto && it.port === port);

/** The ways that did not carry what was sent. */
export function portProblems(
  facts: readonly HostFacts[],
  tried: readonly Tried[],
  busy: readonly Busy[],
): Problem[] {
  const addressOf = (host: string) => facts.find((it) => it.host === host)?.address ?? host;
  return tried
    .filter((it) => it.result !== 'ok')
    .filter((it) => it.proto === 'tcp' || !isBusy(busy, it))
    .map(({ from, to, proto, port, result }) => ({
      code: `${proto}-blocked`,
      host: to,
      what: `${proto.toUpperCase()} ${port} does not get from ${from} (${addressOf(from)}) to ${to} (${addressOf(to)}): ${result}`,
      remedy: `Let ${to}, and whatever stands between, take ${proto.toUpperCase()} ${port} from ${addressOf(from)}.`,
    }));
}
