import type { Knowledge } from './knowledge.ts';

/** So long Docker's gossip and a host's agent may say different things while containers come and go, milliseconds. */
const AGREE_MS = 60_000;

/**
 * Hosts that Docker lists for a network whose own agent has nothing of it, as one of a release that cannot have it:
 * no packet of the network reaches their containers. Bounded by the hosts of this host's networks.
 */
export class Absences {
  readonly #now: () => number;
  /** When each was first seen, by network and address. */
  #since: ReadonlyMap<string, number> = new Map();

  /** @param now milliseconds of a clock that nobody can set */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those that have lasted, in sentences. */
  look({ state, swarm, peers }: Knowledge): string[] {
    const now = this.#now();
    const since = new Map<string, number>();
    const told: string[] = [];
    const speaking = peers.filter((it) => it.state === 'up' && !it.awaited);
    for (const { id, name, hosts } of swarm?.networks.values() ?? []) {
      if (state.networks.get(id) === undefined) continue;
      for (const { address, networks } of speaking) {
        if (networks.has(id) || !hosts.includes(address)) continue;
        const key = `${id} ${address}`;
        const began = this.#since.get(key) ?? now;
        since.set(key, began);
        if (now - began >= AGREE_MS) told.push(`${address} has nothing of network ${name}`);
      }
    }
    this.#since = since;
    return told;
  }
}
