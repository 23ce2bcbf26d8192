import { isIP } from 'node:net';
import type { PeerState, SessionFault } from '../contract/report.ts';
import type { HostAbout, HostRecord, NetworkRecord, WireguardRecord } from '../core/records.ts';
import { untilBeat } from '../net/beat.ts';
import { Asks } from './asks.ts';
import { Confirming } from './confirming.ts';
import type { Credentials } from './credentials.ts';
import { type Connection, dial, type Ending, type Probe, probe } from './dial.ts';
import { Hearing } from './hearing.ts';
import { type HearingLimits, TIMING, type Timing } from './limits.ts';
import { keepsRecord, type LifeEvent, live, newLife } from './liveness.ts';
import type { Log } from './log.ts';
import {
  MAX_WHAT,
  type NetworkMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
  versionFault,
} from './messages.ts';
import { Replica } from './replica.ts';

/** What this host knows of one peer. A new value after each change. */
export interface PeerView {
  readonly address: string;
  /** The peer's Swarm node id, once it said hello. */
  readonly node?: string;
  /** Where it takes VXLAN packets, once it said hello. */
  readonly tunnel?: string;
  /** The Swarm's `--data-path-port`, when it is a manager and told it. */
  readonly dataPathPort?: number;
  /** Where it takes WireGuard's packets, and its key; absent without an encrypted network. */
  readonly wireguard?: WireguardRecord;
  readonly state: PeerState;
  /** Since when it is in this state, in milliseconds since 1970. */
  readonly since: number;
  /** Its records of the networks wanted; empty once it is silent. */
  readonly networks: ReadonlyMap<string, NetworkRecord>;
  /** The Swarm's nodes, when it is a manager and told them. */
  readonly nodes?: ReadonlySet<string>;
  /** Whether it has yet to speak of some wanted network: `networks` is not all it has. */
  readonly awaited: boolean;
  /** Why there is no session, or what of it was refused. */
  readonly lastError?: string;
  readonly fault?: SessionFault;
  /** Why what it says of a network is not taken, in a sentence; absent when all is. */
  readonly refused?: string;
}

export interface SubscriberOptions {
  readonly address: string;
  readonly port: number;
  readonly credentials: Credentials;
  /** This host's own node id. */
  readonly node: string;
  /** Where this host's VXLAN packets come from: the peer lets them in before it answers. */
  readonly tunnel?: () => string;
  /** As `ConfirmingOptions` says; without it the peer is told that this host does not confirm. */
  readonly inForce?: () => Promise<void>;
  /** Docker ids of the networks that this host has itself. */
  readonly wanted: Iterable<string>;
  readonly log: Log;
  readonly onChange: (view: PeerView) => void;
  /** Whether a node is of the Swarm; by default whoever has its certificate. */
  readonly isMember?: (node: string) => boolean;
  readonly timing?: Partial<Timing>;
  readonly limits?: Partial<HearingLimits>;
  /** By how much it pings later than others do, milliseconds. */
  readonly phaseMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** By default TLS over TCP; the bench has one in memory. */
  readonly transport?: { readonly dial: typeof dial; readonly probe: typeof probe };
}

export interface Subscriber {
  view(): PeerView;
  setWanted(networks: Iterable<string>): void;
  /** Connects now instead of after the wait. */
  poke(): void;
  /** Drops all that a node has said that is no member any more. */
  review(): void;
  /** @throws Error (as a rejection) without a session, an answer in time, or success there */
  ask(what: string, args: unknown, options: { timeoutMs: number }): Promise<unknown>;
  /** A secret of the session with the peer, as `sessionSecret` says; undefined without a session. */
  secret(context: string): string | undefined;
  close(): void;
}

const notOfUs = (node: string): string => `node ${node} is not of this Swarm any more`;

/** Listens to one peer's record, for ever, until closed. */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { address, port, credentials, node, log, onChange } = options;
  const timing: Timing = { ...TIMING, ...options.timing };
  const now = options.now ?? (() => performance.now());
  const isMember = options.isMember ?? (() => true);
  const transport = options.transport ?? { dial, probe };
  const replica = new Replica();
  const asks = new Asks();
  const hearing = new Hearing(options.limits, now());
  const { inForce } = options;
  const confirming =
    inForce &&
    new Confirming({
      inForce,
      position: (network) => replica.position(network),
      send: (it) => send(it),
    });
  let wanted = new Set(options.wanted);
  replica.setWanted(wanted);

  let life = newLife(now());
  let about: Omit<PeerView, 'address' | 'state' | 'since' | 'networks' | 'awaited' | 'refused'> =
    {};
  let since = Date.now();
  let view = look();
  let connection: Connection | undefined;
  let proven: string | undefined;
  let fromManager = false;
  let lapsed: (() => string | undefined) | undefined;
  /** Whether the peer's kernel took the connection, and its agent has yet to say hello. */
  let isWaiting = false;
  let probing: Probe | undefined;
  let retry: NodeJS.Timeout | undefined;
  let wait = timing.backoffMs;
  let pingedAt = now();
  let pings = 0;
  let closed = false;

  function look(): PeerView {
    const { networks, awaited, refused } = replica;
    const words = refused && `host ${address}, network ${refused.network}: ${refused.reason}`;
    const lack = words === undefined ? {} : { refused: words };
    return { address, state: life.state, since, networks, awaited, ...about, ...lack };
  }

  /** Tells of whatever differs from what was told last. */
  function report(): void {
    if (closed) return;
    const next = look();
    const keys = [
      'state',
      'node',
      'tunnel',
      'dataPathPort',
      'wireguard',
      'networks',
      'awaited',
      'lastError',
      'fault',
      'refused',
      'nodes',
    ] as const;
    if (keys.every((key) => next[key] === view[key])) return;
    view = next;
    onChange(view);
  }

  function happen(event: LifeEvent): void {
    const before = life.state;
    life = live(life, event, { now: now(), rules: timing });
    if (life.state === before) return;
    since = Date.now();
    if (!keepsRecord(life.state)) replica.clear();
    const fields = { address, node: about.node, state: life.state, reason: about.lastError };
    log.info(fields, `peer is ${life.state}`);
  }

  function fail(reason: string, fault: SessionFault = 'other'): void {
    if (about.lastError === reason && about.fault === fault) return;
    about = { ...about, lastError: reason, fault };
    log.debug({ address, node: about.node, reason }, 'trouble with a peer');
  }

  function open(): void {
    clearTimeout(retry);
    retry = undefined;
    proven = undefined;
    lapsed = undefined;
    connection = transport.dial({
      address,
      port,
      credentials,
      timing,
      events: {
        onAnswered() {
          isWaiting = true;
          happen('answered');
          report();
        },
        onMute(reason) {
          fail(reason, 'mute');
          report();
        },
        onSecure(proof) {
          proven = proof.node;
          lapsed = proof.lapsed;
          fromManager = proof.manager;
          const tunnel = options.tunnel?.() ?? '';
          const from = isIP(tunnel) === 0 ? {} : { tunnel };
          const confirms = confirming === undefined ? {} : ({ confirms: true } as const);
          send({ type: 'hello', version: PROTOCOL_VERSION, node, ...from, ...confirms });
        },
        onBytes(count) {
          if (hearing.bytes(now(), count)) return true;
          connection?.end(hearing.words);
          return false;
        },
        onMessages(messages) {
          if (closed) return;
          if (!hearing.messages(now(), messages.length)) {
            connection?.end(hearing.words);
            return;
          }
          happen('heard');
          stopProbing();
          for (const message of messages) handle(message);
          report();
          void confirming?.settle();
        },
        onEnd,
      },
    });
  }

  function send(...messages: Parameters<Connection['send']>[0]): void {
    connection?.send(messages);
  }

  function onEnd(ending: Ending): void {
    connection = undefined;
    isWaiting = false;
    confirming?.reset();
    if (closed) return;
    fail(ending.reason, ending.fault);
    asks.fail(`the session with ${address} ended: ${ending.reason}`);
    happen(ending.byPeer ? 'closed-by-peer' : 'lost');
    // Up to a quarter less, so that the hosts do not all come at once to one that is back.
    retry = setTimeout(open, wait * (0.75 + Math.random() / 4));
    wait = Math.min(timing.backoffMaxMs, wait * 2);
    report();
  }

  function handle(message: ServerMessage): void {
    if (message.type === 'hello') {
      const fault = helloFault(message);
      if (fault === undefined) welcome(message);
      else connection?.end(fault);
    } else if (message.type === 'refused') {
      connection?.end(`the peer refuses this host: ${message.reason}`);
    } else if (!life.session) {
      connection?.end('the peer did not say hello first');
    } else if (message.type === 'tunnel') {
      const { dataPathPort: _port, wireguard: _key, ...rest } = about;
      about = { ...rest, ...told(message) };
    } else if (message.type === 'nodes') {
      const { nodes: _, ...rest } = about;
      // A worker has no list to tell: only a manager's is Docker's own.
      const isTold = fromManager && message.nodes.length > 0;
      about = isTold ? { ...rest, nodes: new Set(message.nodes) } : rest;
    } else if (message.type === 'answer') {
      asks.answered(message);
    } else if (message.type !== 'pong') {
      hearNetwork(message);
    }
  }

  function hearNetwork(message: NetworkMessage): void {
    const { network } = message;
    const outcome = replica.hear(message);
    confirming?.heard(message);
    if (outcome.do === 'nothing' || outcome.do === 'changed') return;
    if (outcome.do === 'resync') send({ type: 'resync', network });
    log.warn({ address, network, reason: outcome.reason }, `${outcome.do} of a network`);
  }

  function helloFault(message: { version: number; node: string }): string | undefined {
    const fault = versionFault(message.version);
    if (fault) return fault;
    if (message.node === node) return 'this address is of this host itself';
    if (!isMember(message.node)) return notOfUs(message.node);
    if (proven === undefined || proven === message.node) return undefined;
    return `it calls itself node ${message.node}, but its certificate is of ${proven}`;
  }

  /** A worker's word on the Swarm is no more than hearsay. */
  function told({ tunnel, dataPathPort, wireguard }: HostAbout): HostAbout {
    return {
      tunnel,
      ...(fromManager && dataPathPort !== undefined ? { dataPathPort } : {}),
      ...(wireguard === undefined ? {} : { wireguard }),
    };
  }

  function welcome(message: HostAbout & Pick<HostRecord, 'node'>): void {
    // Another node took over the address: nothing of the old one's may be kept for it.
    if (about.node !== undefined && about.node !== message.node) replica.clear();
    about = { node: message.node, ...told(message) };
    connection?.established();
    isWaiting = false;
    wait = timing.backoffMs;
    pingedAt = now();
    happen('opened');
    send({ type: 'want', networks: [...wanted].sort() });
  }

  function tick(): void {
    happen('tick');
    const time = now();
    if (life.session && time - pingedAt >= timing.pingMs) {
      pingedAt = time;
      send({ type: 'ping', n: ++pings });
    }
    // The kernel may live while the agent is stuck, and only the kernel matters for packets.
    if (probing?.isOpen()) happen('answered');
    else if (!probing && time - life.aliveAt >= timing.probeMs) startProbing();
    const isSilent = `nothing heard for ${timing.silenceMs} ms`;
    if (life.session && life.state !== 'up') connection?.end(isSilent, 'mute');
    // Whatever was sent may never be answered by a host that has died, and then nothing ends it.
    if (isWaiting && life.state === 'silent') connection?.end(isSilent, 'unreachable');
    const lapse = connection === undefined ? undefined : lapsed?.();
    if (lapse !== undefined) connection?.end(lapse, 'certificate');
    report();
  }

  function startProbing(): void {
    const answered = () => {
      happen('answered');
      report();
    };
    probing = transport.probe({
      address,
      port,
      timeoutMs: timing.connectMs,
      onAnswered: answered,
      onEnd(byPeer) {
        probing = undefined;
        if (byPeer) answered();
      },
    });
  }

  function stopProbing(): void {
    probing?.cancel();
    probing = undefined;
  }

  let ticking: NodeJS.Timeout;
  function tickOn(): void {
    ticking = setTimeout(
      () => {
        tickOn();
        tick();
      },
      untilBeat(now(), timing.tickMs, options.phaseMs),
    );
  }
  tickOn();
  open();

  return {
    view: () => view,
    setWanted(networks) {
      const next = new Set(networks);
      const same = next.size === wanted.size && [...next].every((network) => wanted.has(network));
      if (same) return;
      wanted = next;
      replica.setWanted(wanted);
      if (life.session) send({ type: 'want', networks: [...wanted].sort() });
      report();
    },
    review() {
      if (about.node === undefined || isMember(about.node)) return;
      const reason = notOfUs(about.node);
      replica.clear();
      connection?.end(reason);
      fail(reason);
      report();
    },
    poke() {
      wait = timing.backoffMs;
      if (!closed && !connection) open();
    },
    ask(what, args, { timeoutMs }) {
      if (!life.session) {
        return Promise.reject(new Error(`no session with ${address}: it is ${life.state}`));
      }
      if (what.length > MAX_WHAT) {
        return Promise.reject(
          new Error(`the name of a request has at most ${MAX_WHAT} characters`),
        );
      }
      return asks.ask((id) => send({ type: 'ask', id, what, args }), { what, timeoutMs });
    },
    secret: (context) => (life.session ? connection?.secret?.(context) : undefined),
    close() {
      closed = true;
      clearTimeout(ticking);
      clearTimeout(retry);
      stopProbing();
      asks.fail(`the session with ${address} was closed`);
      connection?.end('closed');
    },
  };
}
