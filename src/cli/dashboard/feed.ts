import type { ServiceRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import {
  type DashboardMessages,
  EMPTY_HISTORY,
  extended,
  type History,
  type SwarmEvent,
} from '../../core/views/dashboard.ts';
import { type LiveAnswer, swarmView } from '../../core/views/swarm-view.ts';

/** One message, by its name. */
export type Message = {
  [Name in keyof DashboardMessages]: { name: Name; data: DashboardMessages[Name] };
}[keyof DashboardMessages];

export interface FeedOptions {
  /** Asks the agent; rejects in words for a person. */
  readonly ask: <T>(path: string) => Promise<T>;
  /** What is wrong with a host, by its own report. */
  readonly troubles: (report: HostReport) => readonly string[];
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
}

/** Counting what containers sent to services takes a program for each container: not each time. */
const SERVICES_EACH = 5;

const EVENTS_KEPT = 500;

/** What is asked of events after the first look, seconds: more than a slow look takes. */
const EVENTS_OF = 30;

/** Looks at the Swarm again and again, while there is somebody to tell. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<(message: Message) => void>();
  #last: LiveAnswer | undefined;
  #view: DashboardMessages['view'] | undefined;
  /** By address; bounded by the hosts that the Swarm had while this runs. */
  readonly #names = new Map<string, string>();
  #history: History = EMPTY_HISTORY;
  #services: readonly ServiceRow[] = [];
  /** Bounded by `EVENTS_KEPT`; oldest first. */
  #events: SwarmEvent[] = [];
  #trouble = '';
  #turns = 0;
  #running = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Tells all that is known now, and then what is new. @returns what ends that */
  listen(listener: (message: Message) => void): () => void {
    listener({ name: 'history', data: this.#history });
    listener({ name: 'services', data: this.#services });
    listener({ name: 'events', data: this.#events });
    listener({ name: 'trouble', data: this.#trouble });
    if (this.#view !== undefined) listener({ name: 'view', data: this.#view });
    this.#listeners.add(listener);
    if (!this.#running) void this.#run();
    return () => this.#listeners.delete(listener);
  }

  /** The Swarm as of now, by a look of its own. */
  async view(): Promise<DashboardMessages['view']> {
    const answer = await this.#options.ask<LiveAnswer>('/v1/live?seconds=0');
    return this.#seen(answer);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { everyMs = 2000 } = this.#options;
    while (this.#listeners.size > 0) {
      const begun = performance.now();
      const isFirst = this.#last === undefined;
      await this.#look();
      // Rates need a second look: nobody should wait long for them. A look at a thousand hosts takes
      // seconds, and the agent has other things to do.
      const took = performance.now() - begun;
      const rest = Math.max(100, took, (isFirst ? everyMs / 4 : everyMs) - took);
      await new Promise((resolve) => setTimeout(resolve, rest).unref());
    }
    this.#running = false;
    // A rate over the time in which nobody looked would say little.
    this.#last = undefined;
  }

  async #look(): Promise<void> {
    try {
      const { ask } = this.#options;
      const first = this.#last === undefined;
      const answer = await ask<LiveAnswer>(first ? '/v1/live' : `/v1/live?seconds=${EVENTS_OF}`);
      const data = this.#seen(answer);
      this.#history = extended(this.#history, data);
      this.#last = answer;
      this.#view = data;
      this.#tell({ name: 'view', data });
      this.#takeEvents(answer);
      if (this.#turns++ % SERVICES_EACH === 0) {
        this.#services = (await ask<{ services: ServiceRow[] }>('/v1/services')).services;
        this.#tell({ name: 'services', data: this.#services });
      }
      this.#say('');
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #seen(answer: LiveAnswer): DashboardMessages['view'] {
    for (const { name, report } of answer.hosts) {
      if (report.tunnel !== undefined) this.#names.set(report.tunnel.address, name);
    }
    const by = { troubles: this.#options.troubles, names: this.#names };
    const view = swarmView(answer, this.#last, by);
    return { at: Date.now(), hasRates: this.#last !== undefined, view };
  }

  #takeEvents({ hosts }: LiveAnswer): void {
    const known = new Set(this.#events.map((it) => it.id));
    const fresh = hosts
      .flatMap(({ name, events }) => events.map((it) => ({ ...it, host: name })))
      .filter((it) => !known.has(it.id))
      .sort((a, b) => a.at - b.at);
    if (fresh.length === 0) return;
    this.#events = [...this.#events, ...fresh].slice(-EVENTS_KEPT);
    this.#tell({ name: 'events', data: fresh });
  }

  #say(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#tell({ name: 'trouble', data: trouble });
  }

  #tell(message: Message): void {
    for (const listener of this.#listeners) listener(message);
  }
}
