import type { HostReport } from '../contract/report.ts';
import type { RefusedGroups } from '../core/membership/policy.ts';
import type { Log } from './log.ts';

/** One refusal is told again at most this often, milliseconds, however much it changes. */
const AGAIN_MS = 60_000;

/** Lines about one network, told in one call; the others are told when these are over. */
const AT_ONCE = 10;

/** A burst of joins is told of once, this long after it began, milliseconds. */
const NOTE_AFTER_MS = 1_000;

/** Says in the log which groups of which container are refused, and bounds how often. */
export class Refusals {
  readonly #log: Log;
  readonly #now: () => number;
  #noting: NodeJS.Timeout | undefined;
  /** By network, port and reason; bounded by what was refused within the last minute. */
  readonly #told = new Map<string, { count: number; at: number }>();

  /** What was told and is still so; bounded by what a report holds. */
  #conflicts: ReadonlySet<string> = new Set();

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Takes what will be refused when the burst that has begun is over. */
  noteSoon(report: () => HostReport): void {
    this.#noting ??= setTimeout(() => {
      this.#noting = undefined;
      this.note(report());
    }, NOTE_AFTER_MS).unref();
  }

  close(): void {
    clearTimeout(this.#noting);
  }

  /** Takes what is refused now. */
  note({ networks, conflicts = [] }: HostReport): void {
    const now = this.#now();
    const fresh = conflicts.filter((it) => !this.#conflicts.has(it));
    for (const it of fresh.slice(0, AT_ONCE)) this.#log.warn({ conflict: it }, 'refused of a host');
    this.#conflicts = new Set(conflicts);
    for (const network of networks) {
      const news = network.refused.filter((it) => this.#isNews(keyOf(network.id, it), it, now));
      for (const it of news.slice(0, AT_ONCE)) {
        this.#told.set(keyOf(network.id, it), { count: it.count, at: now });
        const { port, count, example, reason } = it;
        const container = network.endpoints.find((one) => one.port === port)?.container ?? port;
        this.#log.warn(
          { network: network.name ?? network.id, container, count, example, reason },
          'groups are not told to other hosts',
        );
      }
    }
    const refused = new Set(networks.flatMap((it) => it.refused.map((one) => keyOf(it.id, one))));
    for (const [key, { at }] of this.#told) {
      if (!refused.has(key) && now - at >= AGAIN_MS) this.#told.delete(key);
    }
  }

  #isNews(key: string, { count }: RefusedGroups, now: number): boolean {
    const told = this.#told.get(key);
    return told === undefined || (told.count !== count && now - told.at >= AGAIN_MS);
  }
}

const keyOf = (network: string, { port, reason }: RefusedGroups): string =>
  `${network} ${port} ${reason}`;
