import { isIP } from 'node:net';
import type { Credentials } from './credentials.ts';
import type { Timing } from './limits.ts';
import type { Log } from './log.ts';
import { createSubscriber, type PeerView, type Subscriber } from './subscriber.ts';

export interface PeersOptions {
  readonly credentials: Credentials;
  /** The TCP port at which every agent publishes. */
  readonly port: number;
  /** This host's own node id. */
  readonly node: string;
  /** Where this host's VXLAN packets come from. */
  readonly tunnel?: () => string;
  /** Resolves when this host's kernel forwards as all says that was heard before the call. */
  readonly inForce?: () => Promise<void>;
  readonly log: Log;
  /** Called with the peer's new view, or undefined once the peer was removed. */
  readonly onChange: (address: string, view: PeerView | undefined) => void;
  readonly timing?: Partial<Timing>;
  /** Whether a node is of the Swarm; by default whoever has its certificate. */
  readonly isMember?: (node: string) => boolean;
}

/**
 * So many hosts are pinged at one moment, since waking up costs more than a ping; the next so many some
 * milliseconds later, so that a thousand hosts keep nobody waiting.
 */
const TOGETHER = 16;
const PHASE_MS = 7;

/** All peers of this host. */
export interface Peers {
  /** Listens to exactly these; a peer left out is forgotten at once, its record too. */
  setPeers(addresses: Iterable<string>): void;
  /** Whether an address is of a peer. */
  has(address: string): boolean;
  /** The networks that this host has itself, by Docker's id: the others' records of these. */
  setWanted(networks: Iterable<string>): void;
  /** By address, sorted. */
  views(): readonly PeerView[];
  /** Connects at once to those that are waited for, after a hint that a peer is back. */
  poke(): void;
  /** Drops all that nodes have said that are no members any more. */
  review(): void;
  /**
   * Asks a peer, named by its node id or address.
   *
   * @throws Error (as a rejection) for an unknown peer, no session, no answer, or a failure there
   */
  ask(peer: string, what: string, args: unknown, options: { timeoutMs: number }): Promise<unknown>;
  /** A secret of the session with a peer, as `sessionSecret` says; undefined without a session. */
  secret(peer: string, context: string): string | undefined;
  close(): void;
}

/** The room's front: one subscriber for each address. Bounded by the list that Docker gives. */
export function createPeers(options: PeersOptions): Peers {
  const { log, onChange } = options;
  const subscribers = new Map<string, Subscriber>();
  let wanted: readonly string[] = [];
  /** What was given for an address the last time and is none, as Docker’s `unknown`: said once, not each time. */
  let leftOut: readonly string[] = [];
  /** By address, sorted; none while it is to be made anew. It is asked for far more often than it changes. */
  let views: readonly PeerView[] | undefined;

  function changed(address: string, view: PeerView | undefined): void {
    views = undefined;
    onChange(address, view);
  }

  function add(address: string): void {
    const subscriber = createSubscriber({
      ...options,
      address,
      wanted,
      phaseMs: Math.floor(subscribers.size / TOGETHER) * PHASE_MS,
      onChange: (view) => changed(address, view),
    });
    subscribers.set(address, subscriber);
    views = undefined;
  }

  function find(peer: string): Subscriber | undefined {
    const byAddress = subscribers.get(peer);
    if (byAddress) return byAddress;
    const ofNode = [...subscribers.values()].filter((s) => s.view().node === peer);
    // A node that moved may still be known at its old address.
    return ofNode.find((s) => s.view().state === 'up') ?? ofNode[0];
  }

  return {
    setPeers(addresses) {
      const next = new Set(addresses);
      const none = [...next].filter((it) => isIP(it) === 0);
      for (const address of none) {
        next.delete(address);
        if (leftOut.includes(address)) continue;
        log.warn({ address }, 'the address of a peer is no IP address, left out');
      }
      leftOut = none;
      for (const [address, subscriber] of subscribers) {
        if (next.has(address)) continue;
        subscriber.close();
        subscribers.delete(address);
        changed(address, undefined);
      }
      for (const address of next) {
        if (!subscribers.has(address)) add(address);
      }
    },
    has: (address) => subscribers.has(address),
    setWanted(networks) {
      wanted = [...networks];
      for (const subscriber of subscribers.values()) subscriber.setWanted(wanted);
    },
    views() {
      views ??= [...subscribers]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, subscriber]) => subscriber.view());
      return views;
    },
    poke() {
      for (const subscriber of subscribers.values()) subscriber.poke();
    },
    review() {
      for (const subscriber of subscribers.values()) subscriber.review();
    },
    async ask(peer, what, args, askOptions) {
      const subscriber = find(peer);
      if (subscriber) return subscriber.ask(what, args, askOptions);
      const known = [...subscribers.keys()].sort().join(', ') || 'none';
      throw new Error(`no peer "${peer}" is known; known addresses: ${known}`);
    },
    secret: (peer, context) => find(peer)?.secret(context),
    close() {
      for (const subscriber of subscribers.values()) subscriber.close();
      subscribers.clear();
      views = undefined;
    },
  };
}
