import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import type { ServiceRecord } from '../core/records.ts';
import type { Service } from '../core/services/services.ts';
import { Store } from './store.ts';

/** An endpoint, with what only the agent's garbage collection needs. */
export interface KeptEndpoint extends LocalEndpoint {
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A VNI that this host, as the Swarm's leader, gave to a network. */
export interface Allocation {
  readonly id: string;
  readonly vni: number;
}

/** An endpoint's place in its service, as last seen. */
export interface KeptService extends ServiceRecord {
  /** Docker's id of the endpoint. */
  readonly id: string;
}

/** The services of a network, as this host's containers last reached them. */
export interface KeptServices {
  /** Docker's id of the network. */
  readonly id: string;
  readonly services: readonly Service[];
}

/** What Docker asked for, kept over restarts of the agent. */
export class State {
  /** An agent that does not know encryption would carry an encrypted one's packets in clear, so it finds none. */
  readonly networks: Store<LocalNetwork>;
  readonly endpoints: Store<KeptEndpoint>;
  readonly allocations: Store<Allocation>;
  /** Kept so that a restarted agent need not tell the others for a moment that it has no tasks. */
  readonly services: Store<KeptService>;
  /** Kept for a container that starts before a restarted agent has heard the others. */
  readonly reach: Store<KeptServices>;

  constructor(directory: string) {
    this.networks = new Store(`${directory}/networks`, ({ options }) => options.encrypted === true);
    this.endpoints = new Store(`${directory}/endpoints`);
    this.allocations = new Store(`${directory}/allocations`);
    this.services = new Store(`${directory}/services`);
    this.reach = new Store(`${directory}/reach`);
  }

  endpointsOf(network: string): KeptEndpoint[] {
    return [...this.endpoints.values()].filter((it) => it.network === network);
  }

  /** The devices are gone, after a reboot: what hung on them is no more. */
  forgetDevices(): void {
    this.networks.clear();
    this.endpoints.clear();
    this.services.clear();
    this.reach.clear();
  }
}
