import type { Fact } from '../core/forwarding/facts.ts';
import { leadsAway } from '../core/forwarding/stale-facts.ts';
import { vxlanName } from '../core/names.ts';
import { allHeard, type Knowledge } from './knowledge.ts';

/**
 * How long a host that Docker does not list may take to connect to a new agent, milliseconds. Each
 * tries every second (peers/limits.ts); the rest is for machines that are busy.
 */
export const SUBSCRIBE_MS = 5_000;

/**
 * Graceful restart, as BGP has it (RFC 4724): the entries that an earlier agent left are stale, and go
 * on forwarding until it is known which of them are still right. That all
 * hosts were heard which Docker lists is not enough: its gossip loses hosts that are well for
 * seconds, on a busy machine above all, and whoever is not listed has yet to make itself known.
 */
export class GracefulRestart {
  /** Called when the time for hosts that Docker does not list is over. */
  readonly #onOver: () => void;
  #facts: readonly Fact[] | undefined;
  /** Bounded by what the first look found. */
  readonly #hosts = new Map<string, Set<string>>();
  #wait: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** The first look at the kernel; what later ones see is of this agent. */
  found(facts: readonly Fact[]): void {
    if (this.#facts !== undefined) return;
    this.#facts = facts.filter(leadsAway);
    for (const it of this.#facts) {
      if (it.kind !== 'copy') continue;
      this.#hosts.set(it.dev, (this.#hosts.get(it.dev) ?? new Set()).add(it.to));
    }
  }

  /** The tunnel addresses to which entries of a network led at the first look. */
  hostsOf(vni: number): ReadonlySet<string> {
    const found = [vxlanName(vni), vxlanName(vni, true)].map((it) => this.#hosts.get(it));
    return found.find((it) => it !== undefined) ?? new Set();
  }

  /** Whether the kernel was read: before, it is not known what an earlier agent left. */
  get hasLooked(): boolean {
    return this.#facts !== undefined;
  }

  /** What there is of it as long as it may be right; nothing from then on. */
  facts(knowledge: Knowledge): readonly Fact[] {
    if (this.#facts === undefined) return [];
    if (this.isComplete(knowledge)) this.#facts = [];
    return this.#facts;
  }

  /** Whether every host was heard that this host knows, Docker's list and the kernel's entries. */
  isComplete(knowledge: Knowledge): boolean {
    if (!allHeard(knowledge)) return false;
    const known = new Set(knowledge.peers.map((it) => it.tunnel));
    const leads = (it: Fact) => (it.kind === 'copy' || it.kind === 'route') && !known.has(it.to);
    if (this.#isOver || !(this.#facts ?? []).some(leads)) return true;
    this.#wait ??= setTimeout(() => {
      this.#isOver = true;
      this.#onOver();
    }, SUBSCRIBE_MS).unref();
    return false;
  }
}
