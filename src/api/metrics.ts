import { Counter, Histogram, Registry } from 'prom-client';
import type { Step } from '../core/forwarding/difference.ts';
import { type Scrape, scrapedMetrics } from './scraped.ts';

/** Seconds: from one quick batch of iproute2 to a host under heavy load. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];

/** Every metric of one agent, in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #fill = scrapedMetrics(this.#registry);
  readonly #reconciles = new Histogram({
    name: 'castnet_reconcile_seconds',
    help: 'Time of one look at the kernel, or of one change of it.',
    labelNames: ['kind'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #joins = new Histogram({
    name: 'castnet_join_seconds',
    help: 'From a join to telling the other hosts; from hearing of one to the forwarding to it.',
    labelNames: ['stage'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #steps = new Counter({
    name: 'castnet_reconcile_steps_total',
    help: 'Changes of the kernel, by what was changed; refused: the kernel did not take them.',
    labelNames: ['action', 'entry'],
    registers: [this.#registry],
  });

  constructor() {
    // An alert needs the series from the start, not from the first trouble on.
    this.#steps.inc({ action: 'refused', entry: 'any' }, 0);
  }

  looked(milliseconds: number): void {
    this.#reconciles.observe({ kind: 'look' }, milliseconds / 1000);
  }

  changed(milliseconds: number, steps: readonly Step[], refused: number): void {
    this.#reconciles.observe({ kind: 'change' }, milliseconds / 1000);
    for (const { action, fact } of steps) this.#steps.inc({ action, entry: fact.kind });
    if (refused > 0) this.#steps.inc({ action: 'refused', entry: 'any' }, refused);
  }

  told(milliseconds: number): void {
    this.#joins.observe({ stage: 'told' }, milliseconds / 1000);
  }

  forwarded(milliseconds: number): void {
    this.#joins.observe({ stage: 'forwarded' }, milliseconds / 1000);
  }

  /** The answer to Prometheus, and its Content-Type. */
  async text(scrape: Scrape): Promise<{ text: string; type: string }> {
    this.#fill(scrape);
    return { text: await this.#registry.metrics(), type: this.#registry.contentType };
  }
}
