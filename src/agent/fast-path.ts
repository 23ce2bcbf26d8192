import {
  explainFast,
  type FastFact,
  type FastStep,
  fastDifference,
  type Program,
} from '../core/fastpath/facts.ts';
import { Held } from '../core/fastpath/held.ts';
import type { FastTallies } from '../core/fastpath/tallies.ts';
import {
  ByGroup,
  type GroupKey,
  groupKey,
  groupsChanged,
  keyOf,
} from '../core/fastpath/touched.ts';
import { type FastTraffic, fastTraffic } from '../core/fastpath/traffic.ts';
import { type FastUnderlay, fastUnderlay, type WayFacts } from '../core/fastpath/underlay.ts';
import { type FastWanted, fastWanted, MOST_GROUPS } from '../core/fastpath/wanted.ts';
import { withGroups } from '../core/fastpath/with-groups.ts';
import { type Fact, identity } from '../core/forwarding/facts.ts';
import { linkSizes } from '../core/forwarding/forwarding.ts';
import type { Membership } from '../core/membership/membership.ts';
import { bridgeName } from '../core/names.ts';
import type { Host } from './host.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';
import type { Reconciler } from './reconciler.ts';

/** Whether hosts may have a fast path: `on` and `auto` differ in what is told when they cannot. */
export type FastSetting = 'on' | 'off' | 'auto';

/** What the kernel has, and by which numbers it knows devices and programs. */
export interface FastSeen {
  readonly facts: readonly FastFact[];
  readonly programs: Readonly<Record<Program, number>>;
  readonly inside: ReadonlyMap<string, number>;
  readonly outside: ReadonlyMap<string, number>;
}

/** Why it does not work on a kernel at all, for IPv6, and for groups; empty where it does. */
export interface Tried {
  readonly problem: string;
  readonly ipv6: string;
  readonly groups: string;
}

/** The kernel, as the fast path needs it. */
export interface FastPathKernel {
  /** Whether it works here. */
  try(): Promise<Tried>;
  /** Makes programs, maps and the pair between the namespaces. */
  load(): Promise<void>;
  look(): Promise<FastSeen>;
  write(steps: readonly FastStep[]): Promise<void>;
  /** What the programs counted; what is of devices that are not there is forgotten. */
  tallies(devices: ReadonlyMap<string, number>): Promise<FastTallies>;
  /** Takes everything away. */
  remove(): Promise<void>;
  readWays(hosts: readonly string[]): Promise<WayFacts>;
}

/** What there shall be, and what was read for it. */
interface Whole {
  readonly wanted: FastWanted;
  readonly slow: readonly Fact[];
  /** What containers have joined, by bridge. */
  readonly rows: ReadonlyMap<string, readonly Membership[]>;
}

export interface FastPathOptions {
  readonly setting: FastSetting;
  readonly kernel: FastPathKernel;
  readonly host: Host;
  /** What bridges and tunnels hold and shall hold; unless that is known, nothing is changed. */
  readonly slow: Pick<Reconciler, 'inForce' | 'takeChanged'>;
  readonly log: Log;
  readonly now: () => number;
}

/** A kernel that failed its trial, perhaps since the host was busy, is tried again after so long, milliseconds. */
const AGAIN_MS = 120_000;
/** Groups left to the bridge that a report names. */
const LEFT_TOLD = 3;

/**
 * Keeps the fast path as it shall be (bpf/README.md). It follows bridges and tunnels: what they do not
 * hold, or shall not hold any more, it does not know.
 */
export class FastPath implements Target {
  readonly name = 'the fast path';
  readonly loop: Loop;
  readonly #options: FastPathOptions;
  #trial: (Tried & { at: number }) | undefined;
  /** What is there; undefined: nothing of castnet's. */
  #seen: FastSeen | undefined;
  #held = new Held();
  #underlay: { of: string; is: FastUnderlay } | undefined;
  #wanted: FastWanted | undefined;
  /** What its groups follow from: what bridges and tunnels hold of them, and who joined, by bridge. */
  #slow = new ByGroup<Fact>();
  #rows: ReadonlyMap<string, readonly Membership[]> = new Map();
  /** Groups to look at in the next run; 'all': everything. */
  #open: Set<GroupKey> | 'all' = 'all';
  /** Ports for whose index the kernel was asked again; bounded by the ports. */
  #asked = new Set<string>();
  #isRemoved = false;
  /** Whether the last look failed. */
  #isUnread = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FastPathOptions) {
    this.#options = options;
    this.loop = new Loop(this, options.log);
  }

  observe(): Promise<void> {
    return this.#inTurn(() => this.#observe());
  }

  apply(): Promise<Next> {
    return this.#inTurn(() => this.#apply());
  }

  /** Something else than groups has changed: the next run looks at everything. */
  reopen(): void {
    this.#open = 'all';
  }

  /** Bridges or tunnels are about to let go of something: it goes from here first. */
  async leave(): Promise<void> {
    if (this.#held.others.length > 0) await this.loop.request();
  }

  /** What a run with a fresh look would do now, and why, in words; does nothing. */
  async plan(): Promise<string[]> {
    if (this.#seen === undefined) return [];
    return this.#inTurn(async () => {
      const whole = await this.#want();
      if (whole === undefined) return [];
      const { facts } = await this.#options.kernel.look();
      return fastDifference(whole.wanted.facts, facts).map(explainFast);
    });
  }

  /** What went the fast path up to now; undefined where there is none, or it cannot be read. */
  traffic(): Promise<FastTraffic | undefined> {
    return this.#inTurn(async () => {
      if (this.#seen === undefined) return undefined;
      const { inside } = this.#seen;
      const tallies = await this.#tallies(inside);
      const names = new Map([...inside].map(([name, index]) => [index, name]));
      return tallies && fastTraffic(tallies, this.#held.all(), names);
    });
  }

  /** Why packets of a network go by bridge and tunnel; empty when unicast goes the fast path. */
  why(network: string): string {
    const { setting } = this.#options;
    if (setting === 'off') return 'CASTNET_FASTPATH is off';
    if (this.#trial !== undefined && this.#trial.problem !== '') return this.#trial.problem;
    const problem = this.loop.unread || this.loop.problem;
    if (problem !== '' && !this.#held.others.some((it) => it.kind === 'self')) return problem;
    return this.#wanted?.why.get(network) ?? 'it is not set up yet';
  }

  /** Why a network's groups go by the bridge; empty when they go the fast path. */
  whyGroups(network: string): string {
    return this.why(network) || (this.#wanted?.whyGroups.get(network) ?? 'it is not set up yet');
  }

  /** Which groups of such a network are the bridge's, in words. */
  left(network: string): string {
    const found = [...(this.#wanted?.left.get(network) ?? [])].sort();
    const words = found.slice(0, LEFT_TOLD).map(([group, why]) => `not ${group}: ${why}`);
    const more = found.length - words.length;
    return [...words, ...(more > 0 ? [`not ${more} more`] : [])].join('; ');
  }

  /** What keeps all or some of the packets of the networks that have a fast path from it, in words. */
  get but(): string {
    const { slow } = this.#underlay?.is ?? { slow: new Map<string, string>() };
    const hosts = [...slow].map(([host, why]) => `not to ${host}: ${why}`);
    const six = this.#trial?.ipv6 ? [`not IPv6: ${this.#trial.ipv6}`] : [];
    return [...six, ...hosts].slice(0, 10).join('; ');
  }

  /** What is missing of a fast path that was asked for; empty when nothing is. */
  get lacking(): string {
    if (this.#options.setting !== 'on') return '';
    return this.#trial?.problem || this.loop.unread || this.loop.problem;
  }

  async #observe(): Promise<void> {
    const { setting, kernel, log, now } = this.#options;
    if (setting === 'off') return await this.#remove();
    const before = this.#trial;
    if (before === undefined || (before.problem !== '' && now() - before.at > AGAIN_MS)) {
      this.#trial = { ...(await kernel.try()), at: now() };
      const { at: _, ...found } = this.#trial;
      log.info(found, 'the fast path was tried');
    }
    if (this.#trial?.problem !== '') return await this.#remove();
    try {
      await kernel.load();
      this.#isRemoved = false;
      this.#seen = await kernel.look();
      this.#held = new Held(this.#seen.facts);
    } catch (error) {
      // What can be neither read nor changed would soon send packets to where nobody is.
      if (this.#isUnread) await this.#remove();
      this.#isUnread = true;
      throw error;
    }
    this.#isUnread = false;
    this.#open = 'all';
    this.#underlay = undefined;
    // A reading also forgets what is of ports that have gone.
    await this.#tallies(this.#seen.inside);
  }

  /** Undefined when they cannot be read, which is no reason to take another way. */
  async #tallies(devices: ReadonlyMap<string, number>): Promise<FastTallies | undefined> {
    try {
      return await this.#options.kernel.tallies(devices);
    } catch (error) {
      const reason = (error as Error).message;
      this.#options.log.debug({ reason }, 'the fast path’s counters cannot be read');
      return undefined;
    }
  }

  async #apply(): Promise<Next> {
    // Where there is none nothing is asked: to compare all that bridges and tunnels hold takes a while.
    if (this.#seen === undefined) return 'done';
    try {
      const open = this.#openGroups();
      if (open !== undefined && (await this.#applyGroups(open))) return 'done';
      return await this.#applyAll();
    } catch (error) {
      this.#open = 'all';
      throw error;
    }
  }

  /** The groups to look at, if nothing but groups has changed. */
  #openGroups(): Set<GroupKey> | undefined {
    const { slow } = this.#options;
    const open = this.#open;
    this.#open = new Set();
    const changed = slow.takeChanged();
    const inForce = slow.inForce();
    if (open === 'all' || changed === 'all' || inForce === undefined) return undefined;
    for (const fact of changed) {
      const key = keyOf(fact);
      if (key === undefined) return undefined;
      this.#slow.set(key, identity(fact), inForce.now(fact));
      open.add(key);
    }
    return open;
  }

  async #applyAll(): Promise<Next> {
    const whole = await this.#want();
    if (whole === undefined) {
      this.#open = 'all';
      return 'done';
    }
    const { wanted, slow, rows } = whole;
    this.#wanted = wanted;
    this.#rows = rows;
    this.#slow = new ByGroup();
    for (const fact of slow) {
      const key = keyOf(fact);
      if (key !== undefined) this.#slow.set(key, identity(fact), fact);
    }
    const steps = fastDifference(wanted.facts, this.#held.all());
    if (await this.#write(steps)) this.#held = new Held(wanted.facts);
    return this.#isIndexMissing(slow) ? 'look' : 'done';
  }

  /** Looks at these groups, and those that containers joined or left. @returns whether that is enough */
  async #applyGroups(open: Set<GroupKey>): Promise<boolean> {
    const wanted = this.#wanted;
    if (wanted === undefined) return false;
    const { memberships, silenced } = this.#options.host.knowledge();
    const rows = new Map<string, readonly Membership[]>();
    for (const vni of wanted.grounds.networks.keys()) {
      const bridge = bridgeName(vni);
      if (silenced(bridge).length > 0 !== wanted.grounds.silenced.has(vni)) return false;
      const now = memberships(bridge);
      rows.set(bridge, now);
      for (const group of groupsChanged(this.#rows.get(bridge) ?? [], now))
        open.add(groupKey(vni, group));
    }
    if (open.size === 0) return true;
    const joined = (bridge: string) => rows.get(bridge) ?? [];
    const { groups, left } = withGroups(wanted, { open, slow: this.#slow.of(open), joined });
    const { groups: held } = this.#held;
    const had = held.of(open);
    // Which are left out of too many depends on all of them.
    if (held.size - had.length + groups.length > MOST_GROUPS) return false;
    this.#wanted = { ...wanted, left };
    this.#rows = rows;
    if (await this.#write(fastDifference(groups, had))) {
      this.#held.remove(had);
      this.#held.put(groups);
    }
    return true;
  }

  /** @returns whether there was anything to do */
  async #write(steps: readonly FastStep[]): Promise<boolean> {
    if (steps.length === 0) return false;
    await this.#options.kernel.write(steps);
    this.#options.log.debug({ steps: steps.length }, 'the fast path was changed');
    return true;
  }

  async #want(): Promise<Whole | undefined> {
    const { host, slow } = this.#options;
    const { tunnel } = host;
    if (this.#seen === undefined || tunnel === undefined) return undefined;
    const facts = slow.inForce()?.all();
    if (facts === undefined) return undefined;
    const knowledge = host.knowledge();
    const underlay = await this.#ways(tunnel.local ?? tunnel.address, facts);
    const rows = new Map<string, readonly Membership[]>();
    const joined = (bridge: string): readonly Membership[] => {
      const found = knowledge.memberships(bridge);
      rows.set(bridge, found);
      return found;
    };
    const wanted = fastWanted({
      tunnel,
      networks: knowledge.state.networks.values(),
      endpoints: knowledge.state.endpoints.values(),
      sizes: linkSizes(knowledge.state.endpoints.values()),
      slow: facts,
      underlay,
      ground: {
        ...this.#seen,
        ipv6: this.#trial?.ipv6 === '',
        groups: this.#trial?.groups ?? '',
      },
      joined,
      isSilenced: (bridge) => knowledge.silenced(bridge).length > 0,
    });
    return { wanted, rows, slow: facts };
  }

  async #ways(address: string, facts: readonly Fact[]): Promise<FastUnderlay> {
    const hosts = [...new Set(facts.flatMap((it) => (it.kind === 'route' ? [it.to] : [])))].sort();
    const of = `${address} ${hosts.join()}`;
    if (this.#underlay?.of !== of) {
      const isFour = !address.includes(':');
      const read = await this.#options.kernel.readWays(isFour ? hosts : []);
      this.#underlay = { of, is: fastUnderlay(address, read) };
    }
    return this.#underlay.is;
  }

  /** A port that was made since the last look has an index that is not known. */
  #isIndexMissing(slow: readonly Fact[]): boolean {
    const ports = slow.flatMap((it) =>
      it.kind === 'station' && it.dev.startsWith('cv') ? [it.dev] : [],
    );
    const missing = ports.filter((it) => this.#seen?.inside.has(it) === false);
    const isNew = missing.some((it) => !this.#asked.has(it));
    this.#asked = new Set(missing);
    return isNew;
  }

  async #remove(): Promise<void> {
    this.#seen = undefined;
    this.#held = new Held();
    if (this.#isRemoved) return;
    await this.#options.kernel.remove();
    this.#isRemoved = true;
  }

  /** One call at a time: a look in the middle of a change would take it for somebody else's. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
