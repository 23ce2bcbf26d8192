import type { TableListing } from '../core/rules/table-listing.ts';
import {
  SOURCES,
  sourcesSeen,
  TUNNEL_TABLE,
  type TunnelDropped,
  type TunnelGuardWanted,
  tunnelElements,
  tunnelTable,
} from '../core/rules/tunnel-guard.ts';
import { type UnderlayFacts, underlay } from '../core/rules/underlay.ts';
import { KeptTable, type TableKernel } from './kept-table.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';

/** The world as the guard needs it. */
export interface TunnelGuardKernel {
  /** The table in the host's own namespace. */
  readonly table: TableKernel;
  readUnderlay(hosts: Iterable<string>): Promise<UnderlayFacts>;
}

export interface TunnelGuardOptions extends TunnelGuardKernel {
  /** UDP port of VXLAN. */
  readonly port: number;
  /** Whether the hosts' packets pass connection tracking by. */
  readonly untracked: boolean;
  readonly tunnel: () => string | undefined;
  /** VXLAN ids of the encrypted networks. */
  readonly encrypted: () => readonly number[];
  readonly hosts: () => HostsKnown;
  /** The host's own links to castnet's networks. */
  readonly exposed: () => readonly string[];
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
 * The rules of the host's own namespace by which nobody but the Swarm's hosts speaks VXLAN to
 * it. A host is let in before it is told anything that would make it send (`admit`). An agent that
 * starts keeps those that the one before it let in, until it has heard all itself.
 */
export class TunnelGuard implements Target {
  readonly name = 'the rules of the tunnels';
  readonly loop: Loop;
  readonly #options: TunnelGuardOptions;
  /** When each host was last named; bounded, see `sourcesSeen`. */
  #seen: ReadonlyMap<string, number> = new Map();
  /** What the table before this agent's let in, until all hosts are known; undefined: no such list. */
  #stale: readonly string[] | undefined;
  /** Callers of `admit` under way; bounded by the sessions. */
  readonly #admitted = new Set<string>();
  #begun = false;
  readonly #table: KeptTable;
  /** What the table is made for; empty when that, or the interfaces, may be other ones since. */
  #lastHosts = '';
  /** The encrypted networks of which the rules in force let nothing pass in clear. */
  #sealed: ReadonlySet<number> = new Set();
  #dropped: TunnelDropped | undefined;
  /** Since when each look has found more of them. */
  #droppingSince: number | undefined;

  constructor(options: TunnelGuardOptions) {
    this.#options = options;
    this.#table = new KeptTable(`inet ${TUNNEL_TABLE}`, options.table);
    this.loop = new Loop(this, options.log);
  }

  /** What the rules have dropped, at the last look; undefined before the first. */
  get dropped(): TunnelDropped | undefined {
    return this.#dropped;
  }

  /** Which packets are being dropped, look after look, in words; empty: none. */
  get dropping(): string {
    const since = this.#droppingSince;
    if (since === undefined || this.#options.now() - since < DROPPING_MS) return '';
    const { notByUnderlay = 0, notFromAHost = 0, inClear = 0 } = this.#dropped ?? {};
    const found = [
      ...(inClear > 0 ? [`${inClear} of encrypted networks, in clear`] : []),
      ...(notByUnderlay > 0 ? [`${notByUnderlay} by another interface`] : []),
      ...(notFromAHost > 0 ? [`${notFromAHost} from an address of no host`] : []),
    ];
    return `${found.join(', ')} so far`;
  }

  /** Whether rules are in force by which nothing of an encrypted network comes or goes in clear. */
  isSealed(vni: number): boolean {
    return this.#sealed.has(vni);
  }

  /** Lets hosts in that are not known otherwise yet. Resolves when their packets pass, or cannot. */
  async admit(addresses: readonly string[]): Promise<void> {
    for (const it of addresses) this.#admitted.add(it);
    await this.loop.request();
  }

  async observe(): Promise<void> {
    const found = await this.#table.look();
    this.#count(found && droppedBy(found));
    if (!this.#begun) this.#stale = found && hostsLetIn(found);
    this.#begun = true;
    this.#lastHosts = '';
  }

  /** Next to nothing when the hosts known are the same as before; otherwise it reads the interfaces too. */
  async apply(): Promise<Next> {
    const { readUnderlay, port, untracked, tunnel } = this.#options;
    const sources = this.#sources();
    const local = tunnel();
    const exposed = this.#options.exposed();
    const encrypted = [...this.#options.encrypted()].sort((x, y) => x - y);
    const named = sources === undefined ? 'any' : [...sources].sort().join();
    const hosts = `${local} ${named} ${exposed.join()} ${encrypted.join()}`;
    if (hosts === this.#lastHosts) return 'done';
    // A look from now on finds what is read here no longer good enough.
    this.#lastHosts = hosts;
    try {
      const facts = await readUnderlay(sources ?? []);
      const wanted: TunnelGuardWanted = {
        ...{ port, sources, exposed, encrypted, underlay: underlay(facts, local, exposed) },
        ...(untracked && local !== undefined ? { untracked: local } : {}),
      };
      await this.#table.put({ table: tunnelTable(wanted), elements: tunnelElements(wanted) });
      this.#sealed = new Set(encrypted);
    } catch (error) {
      this.#lastHosts = '';
      throw error;
    }
    return 'done';
  }

  #count(found: TunnelDropped | undefined): void {
    const total = (it: TunnelDropped | undefined) =>
      it === undefined ? 0 : it.notByUnderlay + it.notFromAHost + (it.inClear ?? 0);
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
    if (complete) this.#stale = [];
    if (this.#stale === undefined) return undefined;
    return new Set([...this.#seen.keys(), ...this.#stale.filter((it) => !barred.has(it))]);
  }
}

function droppedBy({ counters }: TableListing): TunnelDropped {
  const inClear = counters.get('in-clear');
  return {
    ...(inClear === undefined ? {} : { inClear }),
    notByUnderlay: counters.get('not-by-underlay') ?? 0,
    notFromAHost: counters.get('not-from-a-host') ?? 0,
  };
}

/** The addresses of hosts that a table lets in; undefined in one that asks for none. */
function hostsLetIn({ rules, sets }: TableListing): string[] | undefined {
  // An agent of this release that knows no host yet writes sets that nothing looks at.
  if (!rules.includes(`"@${SOURCES.v4}"`)) return undefined;
  return Object.values(SOURCES).flatMap((it) => sets.get(it) ?? []);
}
