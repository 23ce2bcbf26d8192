import type { PeerState, SessionFault } from '../contract/report.ts';
import type { HostRecord, WireguardRecord } from '../core/records.ts';
import type { Log } from './log.ts';

/** What the agent needs of the other hosts' records. */
export interface PeerView {
  readonly address: string;
  readonly node?: string;
  readonly tunnel?: string;
  /** The Swarm's `--data-path-port`, when the peer is a manager and told it. */
  readonly dataPathPort?: number;
  /** Where it takes WireGuard's packets, and its key; absent without an encrypted network. */
  readonly wireguard?: WireguardRecord;
  readonly state: PeerState;
  readonly since: number;
  readonly networks: HostRecord['networks'];
  /** The Swarm's nodes, when the peer is a manager and told them. */
  readonly nodes?: ReadonlySet<string>;
  /** Whether it has yet to speak of some network that we want. */
  readonly awaited: boolean;
  readonly lastError?: string;
  readonly fault?: SessionFault;
  /** Why a record of its networks is not taken, in a sentence with its address. */
  readonly refused?: string;
}

/** One identity's sessions with the other hosts. */
export interface Sessions {
  readonly node: string;
  setPeers(addresses: Iterable<string>): void;
  setWanted(networks: Iterable<string>): void;
  views(): readonly PeerView[];
  /** How many other hosts listen to this one. */
  listeners(): number;
  publish(record: HostRecord): void;
  /** The last change by which containers came to a network; undefined while nothing was told of it. */
  mark(network: string): number | undefined;
  /**
   * Whether the kernel of each node that listens to a network forwards as it was told up to a change;
   * true of one whose release does not say.
   */
  confirmed(network: string, mark: number): ReadonlyMap<string, boolean>;
  /** Tells the others which nodes the Swarm has; none when that is not known here. */
  setNodes(nodes: Iterable<string>): void;
  /** Ends all that has to do with nodes that are no members any more. */
  review(): void;
  /** Tells each host of the networks in which it takes part by now. */
  readmit(): void;
  poke(): void;
  /** @throws Error (as a rejection) when the peer does not answer within the time */
  ask(peer: string, what: string, args: unknown, options: { timeoutMs: number }): Promise<unknown>;
  /**
   * A secret that only this host and a peer know, of the session by which this host asks it: 32 bytes in
   * base64, others for each context. Undefined without a session, or one that makes none.
   */
  secret(peer: string, context: string): string | undefined;
  close(): Promise<void>;
}

export interface SwarmLinkOptions {
  /**
   * The node id that this host's certificates prove now; undefined outside a Swarm. Rejects when they
   * cannot be read or used for now.
   */
  readonly identity: () => Promise<string | undefined>;
  readonly log: Log;
}

/**
 * Keeps the sessions of whatever identity this host has in its Swarm: none before it joins, others
 * after it left and joined again.
 */
export class SwarmLink {
  readonly #options: SwarmLinkOptions;
  #sessions: Sessions | undefined;
  #open: ((node: string) => Promise<Sessions>) | undefined;
  #refreshing: Promise<boolean> | undefined;
  #lastError = '';

  constructor(options: SwarmLinkOptions) {
    this.#options = options;
  }

  /** From now on sessions are opened, by this. */
  openBy(open: (node: string) => Promise<Sessions>): void {
    this.#open = open;
  }

  get sessions(): Sessions | undefined {
    return this.#sessions;
  }

  /** Why there are no sessions, in a sentence; empty when there are. */
  get error(): string {
    return this.#lastError;
  }

  /** @returns whether the sessions are others than before */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<boolean> {
    const { identity, log } = this.#options;
    const open = this.#open;
    if (open === undefined) return false;
    try {
      const node = await identity();
      this.#lacks(node === undefined ? 'this host is in no Swarm' : '');
      if (node === this.#sessions?.node) return false;
      const before = this.#sessions;
      this.#sessions = undefined;
      await before?.close();
      if (node !== undefined) {
        this.#sessions = await open(node);
        log.info({ node }, 'this host takes part in its Swarm');
      }
      return true;
    } catch (error) {
      this.#lacks((error as Error).message);
      return false;
    }
  }

  #lacks(reason: string): void {
    if (reason !== '' && reason !== this.#lastError)
      this.#options.log.warn({ reason }, 'no sessions with other hosts');
    this.#lastError = reason;
  }

  async close(): Promise<void> {
    await this.#sessions?.close();
  }
}
