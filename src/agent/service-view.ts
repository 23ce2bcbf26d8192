import type { Fact } from '../core/forwarding/facts.ts';
import type { HostRecord } from '../core/records.ts';
import { latestFormer } from '../core/services/former-services.ts';
import { type Service, servicesBySandbox } from '../core/services/services.ts';
import { staleTasks } from '../core/services/stale-tasks.ts';
import {
  NO_TOMBSTONES,
  type Tombstones,
  tombstones,
  withRefusals,
} from '../core/services/tombstones.ts';
import { desiredServices, hostsWords, type Knowledge } from './knowledge.ts';
import type { Log } from './log.ts';
import type { State } from './state.ts';

/** How long what changed may be in memory alone, milliseconds. */
const KEEP_AFTER_MS = 1_000;

/**
 * What this host's containers reach by rules of their own: the services of their networks, also
 * those that have no task for now, and the addresses that refuse since their container went.
 */
export class ServiceView {
  readonly #kept: Pick<State, 'reach'>;
  readonly #log: Log;
  /** What an earlier agent knew, until this one knows it. */
  #before: ReadonlyMap<string, readonly Service[]>;
  /** The same; of it counts what may still be right. */
  readonly #earlier: ReadonlyMap<string, readonly Service[]>;
  #keeping: NodeJS.Timeout | undefined;
  /** By network; bounded by what the Swarm has, and `FORMER_MOST`. */
  #services: ReadonlyMap<string, readonly Service[]> = new Map();
  /** By network: the services without tasks, the latest last. */
  #former: ReadonlyMap<string, readonly string[]> = new Map();
  #tombstones: Tombstones = NO_TOMBSTONES;

  constructor(kept: Pick<State, 'reach'>, log: Log) {
    this.#kept = kept;
    this.#log = log;
    this.#earlier = new Map([...kept.reach.values()].map((it) => [it.id, it.services]));
    this.#before = this.#earlier;
  }

  /**
   * Takes what is so now.
   * @param own what this host says of itself
   * @param left the kernel's entries of an earlier agent to hosts that were not heard yet: these hosts'
   *   tasks stay as well, for their containers still listen
   * @returns by the path of each container's namespace, what it is to reach
   */
  update(
    knowledge: Knowledge,
    own: HostRecord | undefined,
    left: readonly Fact[],
  ): ReadonlyMap<string, readonly Service[]> {
    const { networks, endpoints } = knowledge.state;
    const stale = left.length === 0 ? {} : { stale: staleTasks(this.#earlier, left) };
    const known = desiredServices(knowledge, { own, before: this.#services, ...stale });
    const found = [...known].map(([id, services]) => {
      return [id, latestFormer(services, this.#former.get(id) ?? [])] as const;
    });
    this.#services = new Map(found.map(([id, { services }]) => [id, services]));
    this.#former = new Map(found.map(([id, { former }]) => [id, former]));
    this.#tombstones = tombstones(this.#tombstones, hostsWords(knowledge, own), networks.values());
    const { gone } = this.#tombstones;
    this.#before = new Map();
    this.#keeping ??= setTimeout(() => this.#keep(), KEEP_AFTER_MS).unref();
    return servicesBySandbox({
      endpoints: endpoints.values(),
      services: (id) => withRefusals(this.#services.get(id) ?? [], gone.get(id) ?? []),
    });
  }

  /**
   * While not all hosts were heard: what an earlier agent knew, for a container that has no rules; of
   * a network that it did not know, what has been heard.
   */
  soFar(
    knowledge: Knowledge,
    own: HostRecord | undefined,
  ): ReadonlyMap<string, readonly Service[]> {
    const heard = desiredServices(knowledge, { own, before: this.#services });
    return servicesBySandbox({
      endpoints: knowledge.state.endpoints.values(),
      services: (id) => this.#before.get(id) ?? heard.get(id) ?? [],
    });
  }

  close(): void {
    clearTimeout(this.#keeping);
  }

  #keep(): void {
    this.#keeping = undefined;
    const { reach } = this.#kept;
    try {
      for (const id of [...reach.keys()]) if (!this.#services.has(id)) reach.delete(id);
      for (const [id, services] of this.#services) {
        if (JSON.stringify(reach.get(id)?.services) !== JSON.stringify(services))
          reach.set({ id, services });
      }
    } catch (error) {
      // A full disk. It is tried again when what they reach is looked at next.
      const reason = (error as Error).message;
      this.#log.warn({ reason }, 'what containers reach is not kept for the next agent');
    }
  }

  /** Services whose address Docker gave to a container as well, in sentences. */
  conflicts(): string[] {
    const taken = [...this.#services.values()].flat().filter((it) => it.isTaken === true);
    return taken.map(
      ({ name, vip }) =>
        `Docker gave the address ${vip} of service ${name} to a container too; it leads to the ` +
        'container. Remove that container and run it anew for another address',
    );
  }

  /** The services of each network. */
  services(): { network: string; name: string; vip: string }[] {
    return [...this.#services].flatMap(([network, found]) =>
      found.map(({ name, vip }) => ({ network, name, vip })),
    );
  }
}
