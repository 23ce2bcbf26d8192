import type { Knowledge } from './knowledge.ts';

/** So long Docker's gossip and a host's agent may say different things while containers come and go, milliseconds. */
const AGREE_MS = 60_000;

/**
 * Docker is asked every few seconds. An answer as old as this, milliseconds, says nothing any more: a host
 * may have left since. Less than AGREE_MS, so whoever is told was listed after it had nothing of the network.
 */
const FRESH_MS = 30_000;

export interface AbsencesOptions {
  /** Milliseconds of a clock that nobody can set. */
  readonly now: () => number;
  /** When Docker last answered about a network, on the same clock. */
  readonly answeredAt: (network: string) => number;
}

/**
 * Hosts that Docker lists for a network and whose own agent says that it has nothing of it for this host: its
 * release cannot have the network, or its own Docker does not list this host, which gossip has not reached. No
 * packet of the network goes between the two. Bounded by the hosts of this host's networks.
 */
export class Absences {
  readonly #options: AbsencesOptions;
  /** When each was first seen, by network and address. */
  #since: ReadonlyMap<string, number> = new Map();

  constructor(options: AbsencesOptions) {
    this.#options = options;
  }

  /** Those that have lasted, in sentences. */
  look({ state, swarm, peers }: Knowledge): string[] {
    const now = this.#options.now();
    const since = new Map<string, number>();
    const told: string[] = [];
    // Of one whose record was refused nothing is here either, which is another fault.
    const speaking = peers.filter(
      (it) => it.state === 'up' && !it.awaited && it.refused === undefined,
    );
    for (const { id, name, hosts } of swarm?.networks.values() ?? []) {
      if (state.networks.get(id) === undefined) continue;
      if (now - this.#options.answeredAt(id) > FRESH_MS) continue;
      for (const { address, networks } of speaking) {
        if (networks.has(id) || !hosts.includes(address)) continue;
        const key = `${id} ${address}`;
        const began = this.#since.get(key) ?? now;
        since.set(key, began);
        if (now - began >= AGREE_MS)
          told.push(`${address} says nothing of network ${name}, in which Docker has it`);
      }
    }
    this.#since = since;
    return told;
  }
}
