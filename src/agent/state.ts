import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { Store } from './store.ts';

/** An endpoint, with what only the agent's housekeeping needs. */
export interface KeptEndpoint extends LocalEndpoint {
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A VNI that this host, as the Swarm's leader, gave to a network. */
export interface Allocation {
  readonly id: string;
  readonly vni: number;
}

/** What Docker asked for, kept over restarts of the agent. */
export class State {
  readonly networks: Store<LocalNetwork>;
  readonly endpoints: Store<KeptEndpoint>;
  readonly allocations: Store<Allocation>;

  constructor(directory: string) {
    this.networks = new Store(`${directory}/networks`);
    this.endpoints = new Store(`${directory}/endpoints`);
    this.allocations = new Store(`${directory}/allocations`);
  }

  endpointsOf(network: string): KeptEndpoint[] {
    return [...this.endpoints.values()].filter((it) => it.network === network);
  }

  /** The devices are gone, after a reboot: what hung on them is no more. */
  forgetDevices(): void {
    this.networks.clear();
    this.endpoints.clear();
  }
}
