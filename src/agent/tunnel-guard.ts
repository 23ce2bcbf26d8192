import { elementChanges } from '../core/guards.ts';
import {
  sourcesSeen,
  TUNNEL_TABLE,
  type TunnelDropped,
  type TunnelGuardWanted,
  tunnelElements,
  tunnelTable,
} from '../core/tunnel-guard.ts';
import { type UnderlayFacts, underlay } from '../core/underlay.ts';
import type { Log } from './log.ts';
import { OneAfterAnother } from './one-after-another.ts';

/** The table in the host's own namespace, as the kernel has it. */
export interface TableFound {
  /** The same for two tables that hold the same, whatever they counted. */
  readonly content: string;
  /** The addresses of hosts in it; undefined in a table of a release that had none. */
  readonly hosts: readonly string[] | undefined;
  readonly dropped: TunnelDropped;
}

/** The world as the guard needs it. */
export interface TunnelGuardKernel {
  /** @returns undefined when there is no such table */
  readTable(): Promise<TableFound | undefined>;
  /** Runs nft's script, as one transaction. @throws CommandError in nft's words */
  writeTable(script: string): Promise<void>;
  readUnderlay(hosts: Iterable<string>): Promise<UnderlayFacts>;
}

export interface TunnelGuardOptions extends TunnelGuardKernel {
  /** UDP port of VXLAN. */
  readonly port: number;
  readonly tunnel: () => string | undefined;
  readonly hosts: () => HostsKnown;
  readonly log: Log;
  readonly now: () => number;
}

/** Packets that are dropped for longer than this are no host that has just come, milliseconds. */
const DROPPING_MS = 10_000;

/** Whose packets are to be let in, as far as is known now. */
export interface HostsKnown {
  readonly named: ReadonlySet<string>;
  /** Addresses of nodes that were removed from the Swarm. */
  readonly barred: ReadonlySet<string>;
  /** Whether these are all: no host that has yet to be heard may be sending already. */
  readonly complete: boolean;
}

/**
 * Keeps the rules of the host's own namespace by which nobody but the Swarm's hosts speaks VXLAN to
 * it. A host is let in before it is told anything that would make it send (`admit`). An agent that
 * starts keeps those that the one before it let in, until it has heard all itself.
 */
export class TunnelGuard {
  readonly #options: TunnelGuardOptions;
  readonly #turns = new OneAfterAnother(() => this.#turn());
  /** When each host was last named; bounded, see `sourcesSeen`. */
  #seen: ReadonlyMap<string, number> = new Map();
  /** What the table before this agent's let in, until all hosts are known; undefined: no such list. */
  #inherited: readonly string[] | undefined;
  /** Callers of `admit` under way; bounded by the sessions. */
  readonly #admitted = new Set<string>();
  #begun = false;
  #table = '';
  #elements: ReadonlySet<string> = new Set();
  /** The kernel's table just after it was written. */
  #content: string | undefined;
  #lookNow = true;
  #lastHosts = '';
  #dropped: TunnelDropped | undefined;
  /** Since when each look has found more of them. */
  #droppingSince: number | undefined;
  /** Why the rules are not in force; empty when they are. */
  problem = '';

  constructor(options: TunnelGuardOptions) {
    this.#options = options;
  }

  /** What the rules have dropped, at the last look; undefined before the first. */
  get dropped(): TunnelDropped | undefined {
    return this.#dropped;
  }

  /** Which packets are being dropped, look after look, in words; empty: none. */
  get dropping(): string {
    const since = this.#droppingSince;
    if (since === undefined || this.#options.now() - since < DROPPING_MS) return '';
    const { notByUnderlay = 0, notFromAHost = 0 } = this.#dropped ?? {};
    const found = [
      ...(notByUnderlay > 0 ? [`${notByUnderlay} by another interface`] : []),
      ...(notFromAHost > 0 ? [`${notFromAHost} from an address of no host`] : []),
    ];
    return `${found.join(', ')} so far`;
  }

  /** Looks at the host's interfaces and at the table as well, and puts right what differs. */
  inspect(): Promise<void> {
    this.#lookNow = true;
    return this.#turns.request();
  }

  /** Brings the rules in line with the hosts known now; next to nothing when these are the same. */
  update(): Promise<void> {
    return this.#turns.request();
  }

  /** Lets hosts in that are not known otherwise yet. Resolves when their packets pass, or cannot. */
  async admit(addresses: readonly string[]): Promise<void> {
    for (const it of addresses) this.#admitted.add(it);
    await this.#turns.request();
  }

  async #turn(): Promise<void> {
    try {
      await this.#keep();
      this.problem = '';
    } catch (error) {
      this.#table = '';
      this.#lookNow = true;
      const reason = (error as Error).message;
      if (reason !== this.problem)
        this.#options.log.error({ reason }, 'the rules of the tunnels were refused');
      this.problem = reason;
    }
  }

  async #keep(): Promise<void> {
    const { readTable, writeTable, readUnderlay, port, tunnel } = this.#options;
    const look = this.#lookNow;
    this.#lookNow = false;
    if (look) {
      const found = await readTable();
      this.#count(found?.dropped);
      if (!this.#begun) this.#inherited = found?.hosts;
      this.#begun = true;
      if (found === undefined || found.content !== this.#content) this.#table = '';
    }
    const sources = this.#sources();
    const hosts = `${tunnel()} ${sources === undefined ? 'any' : [...sources].sort().join()}`;
    if (!look && this.#table !== '' && hosts === this.#lastHosts) return;
    const facts = await readUnderlay(sources ?? []);
    const wanted: TunnelGuardWanted = { port, sources, underlay: underlay(facts, tunnel()) };
    const table = tunnelTable(wanted);
    const elements = tunnelElements(wanted);
    const anew = table !== this.#table;
    const name = `inet ${TUNNEL_TABLE}`;
    const changes = elementChanges(anew ? new Set() : this.#elements, elements, name);
    if (anew || changes.length > 0) {
      await writeTable(`${anew ? table : ''}${changes.join('\n')}\n`);
      this.#content = (await readTable())?.content;
    }
    this.#table = table;
    this.#elements = elements;
    this.#lastHosts = hosts;
  }

  #count(found: TunnelDropped | undefined): void {
    const total = (it: TunnelDropped | undefined) =>
      it === undefined ? 0 : it.notByUnderlay + it.notFromAHost;
    const before = this.#dropped;
    this.#dropped = found;
    const more = before !== undefined && total(found) > total(before);
    this.#droppingSince = more ? (this.#droppingSince ?? this.#options.now()) : undefined;
  }

  #sources(): ReadonlySet<string> | undefined {
    const { hosts, now } = this.#options;
    const { named, barred, complete } = hosts();
    const fresh = [...named, ...this.#admitted];
    this.#admitted.clear();
    this.#seen = new Map(
      [...sourcesSeen(this.#seen, fresh, now())].filter(([it]) => !barred.has(it)),
    );
    if (complete) this.#inherited = [];
    if (this.#inherited === undefined) return undefined;
    return new Set([...this.#seen.keys(), ...this.#inherited.filter((it) => !barred.has(it))]);
  }
}
