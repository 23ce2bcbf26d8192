import { type Departures, departures, NOBODY_GONE, withRefusals } from '../core/departed.ts';
import type { HostRecord } from '../core/records.ts';
import { type Service, servicesBySandbox } from '../core/services.ts';
import { hostsWords, type Knowledge, wantedServices } from './knowledge.ts';

/**
 * What this host's containers reach by rules of their own: the services of their networks, also
 * those that have no task for now, and the addresses that refuse since their container went.
 */
export class Reach {
  /** By network; bounded by what the Swarm has. */
  #services: ReadonlyMap<string, readonly Service[]> = new Map();
  #departures: Departures = NOBODY_GONE;

  /**
   * Takes what is so now.
   * @param own what this host says of itself
   * @returns by the path of each container's namespace, what it is to reach
   */
  update(
    knowledge: Knowledge,
    own: HostRecord | undefined,
  ): ReadonlyMap<string, readonly Service[]> {
    const { networks, endpoints } = knowledge.state;
    this.#services = wantedServices(knowledge, { own, before: this.#services });
    this.#departures = departures(this.#departures, hostsWords(knowledge, own), networks.values());
    const { gone } = this.#departures;
    return servicesBySandbox({
      endpoints: endpoints.values(),
      services: (id) => withRefusals(this.#services.get(id) ?? [], gone.get(id) ?? []),
    });
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
