import * as z from 'zod';
import type { Engine } from './engine.ts';

const Verbose = z.object({
  Name: z.string(),
  Services: z
    .record(
      z.string(),
      z.object({
        VIP: z.string(),
        Tasks: z
          .array(z.object({ Name: z.string(), EndpointID: z.string(), EndpointIP: z.string() }))
          .nullish(),
      }),
    )
    .nullish(),
});

/** What the list says of one endpoint; a container that is no task has no service. */
export interface Listed {
  readonly task: string;
  readonly service?: { readonly name: string; readonly vip: string };
}

/**
 * One network's tasks as Docker's API lists them, of which this keeps what concerns this host. It is
 * the answer of this host's own Engine, from its gossip, as long as the network has tasks.
 */
export class TaskList {
  /** The network's name; empty until the list was read. */
  name = '';
  readonly #engine: Engine;
  readonly #network: string;
  readonly #onError: (error: Error) => void;
  #listed = new Map<string, Listed>();
  #readAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #reading: Promise<void> | undefined;

  constructor(engine: Engine, network: string, onError: (error: Error) => void) {
    this.#engine = engine;
    this.#network = network;
    this.#onError = onError;
  }

  of(endpoint: string): Listed | undefined {
    return this.#listed.get(endpoint);
  }

  /**
   * Reads the list unless it was read a moment ago. An Engine that takes its time has as long to rest.
   * @param restMs how long the last reading is believed, milliseconds
   * @returns the reading that is under way, if any
   */
  refresh(endpoints: readonly string[], restMs: number): Promise<void> | undefined {
    const age = performance.now() - this.#readAt;
    if (age < Math.max(restMs, this.#tookMs)) return this.#reading;
    this.#reading ??= this.#read(endpoints)
      .catch(this.#onError)
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #read(endpoints: readonly string[]): Promise<void> {
    const begin = performance.now();
    const said = await this.#engine.get(`/networks/${this.#network}?verbose=true`);
    const { Name, Services } = Verbose.parse(said);
    const here = new Set(endpoints);
    const listed = new Map<string, Listed>();
    for (const [name, { VIP: vip, Tasks }] of Object.entries(Services ?? {})) {
      const service = name !== '' && isAddress(vip) ? { name, vip } : undefined;
      for (const { Name: task, EndpointID } of Tasks ?? []) {
        if (!here.has(EndpointID)) continue;
        listed.set(EndpointID, service === undefined ? { task } : { task, service });
      }
    }
    // An endpoint never goes from one service to another, and the list may lack it for a moment.
    for (const endpoint of endpoints) {
      const before = this.#listed.get(endpoint);
      if (before?.service !== undefined) listed.set(endpoint, before);
    }
    this.name = Name;
    this.#listed = listed;
    this.#readAt = performance.now();
    this.#tookMs = this.#readAt - begin;
  }
}

const isAddress = (text: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(text);
