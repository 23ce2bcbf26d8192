import { bareAddress } from '../core/local.ts';
import type { ServiceRecord } from '../core/records.ts';
import type { Service } from '../core/services/services.ts';
import { Balancer, type Sandboxes } from './balancer.ts';
import type { Host } from './host.ts';
import { staying } from './knowledge.ts';
import type { Log } from './log.ts';
import { ServiceView } from './service-view.ts';

/**
 * So long the rules of an earlier agent stay as they are, milliseconds: then all is known as a rule, and
 * they are written once. What a host that is not heard yet has stays in them longer.
 */
const HEAR_WITHIN_MS = 10_000;

export interface ServiceRulesOptions {
  readonly host: Host;
  readonly sandboxes: Sandboxes;
  readonly log: Log;
  readonly now: () => number;
}

/** A container of this host that may be a task. */
export interface LocalTask {
  readonly endpoint: string;
  readonly ip: string;
  readonly sandbox: string;
}

/** Keeps the rules by which this host's containers reach services. */
export class ServiceRules {
  readonly balancer: Balancer;
  readonly view: ServiceView;
  readonly #host: Host;
  /** What this host last said of its containers. */
  #own: string | undefined;
  /** What others last said of theirs; undefined: nothing was made of it yet. */
  #others: readonly unknown[] | undefined;

  constructor({ host, sandboxes, log, now }: ServiceRulesOptions) {
    this.#host = host;
    this.view = new ServiceView(host.state, log);
    this.balancer = new Balancer({
      sandboxes,
      desired: () => this.#desired(),
      earlier: new Set([...host.state.endpoints.values()].flatMap((it) => it.sandbox ?? [])),
      prospect: () => this.#desired() ?? this.view.soFar(host.knowledge(), host.record),
      log,
      now,
    });
    host.when(['services', 'looked', 'restarted'], () => void this.balancer.update());
    host.on('record', () => {
      if (this.#ownHasChanged()) void this.balancer.update();
    });
    host.on('peers', () => {
      if (this.#othersHaveChanged()) void this.balancer.update();
    });
  }

  /** Whether this host says something else of its containers than before: mostly it is of groups. */
  #ownHasChanged(): boolean {
    const { record } = this.#host;
    const own = JSON.stringify([...(record?.networks ?? [])].map(([id, it]) => [id, it.endpoints]));
    if (own === this.#own) return false;
    this.#own = own;
    return true;
  }

  /** The same of others, and of how they are heard; a list that is as it was is the same (peers/delta.ts). */
  #othersHaveChanged(): boolean {
    const said = this.#host.knowledge().peers.flatMap((it) => {
      const containers = [...it.networks].flatMap(([id, { endpoints }]) => [id, endpoints]);
      return [it.address, it.node, it.tunnel, it.state, it.awaited, ...containers];
    });
    const before = this.#others;
    this.#others = said;
    return said.length !== before?.length || said.some((it, at) => it !== before[at]);
  }

  /** This host's containers that may be tasks, by network. */
  tasks(): Map<string, LocalTask[]> {
    const found = new Map<string, LocalTask[]>();
    for (const { id, network, address, sandbox } of this.#host.state.endpoints.values()) {
      if (sandbox === undefined) continue;
      const task = { endpoint: id, ip: bareAddress(address), sandbox };
      found.set(network, [...(found.get(network) ?? []), task]);
    }
    return found;
  }

  /** What Docker says of this host's tasks, by endpoint id. */
  setServices(services: ReadonlyMap<string, ServiceRecord>): void {
    const { state } = this.#host;
    for (const id of [...state.services.keys()]) {
      if (!services.has(id)) state.services.delete(id);
    }
    for (const [id, service] of services) state.services.set({ id, ...service });
    this.#host.emit('services');
  }

  close(): void {
    this.view.close();
    this.balancer.close();
  }

  /** The services of each container, once all that is to be known of them is known. */
  #desired(): ReadonlyMap<string, readonly Service[]> | undefined {
    const host = this.#host;
    const knowledge = host.knowledge();
    // Until then the rules of an earlier agent serve better than half of the truth.
    const isEarly = host.age < HEAR_WITHIN_MS || !host.restart.hasLooked;
    if (!host.restart.isComplete(knowledge) && isEarly) {
      this.#others = undefined;
      return undefined;
    }
    const left = staying(knowledge, host.restart.facts(knowledge));
    return this.view.update(knowledge, host.record, left);
  }
}
