import type { Step } from '../core/forwarding/difference.ts';

/** Where the agent's own pace is told; every time is in milliseconds. */
export interface Measures {
  /** The kernel was read whole. */
  looked(milliseconds: number): void;
  /** The kernel was given steps; it refused some of them. */
  changed(milliseconds: number, steps: readonly Step[], refused: number): void;
  /** A container joined a group, and the other hosts were told. */
  told(milliseconds: number): void;
  /** Another host told of members, and this host's kernel sends to it. */
  forwarded(milliseconds: number): void;
}

/**
 * Times the two stages between a container's join and the first packet to it: this host tells the
 * others, and each of them writes its forwarding. The way between is the network's.
 */
export class Timings {
  readonly #measures: Measures | undefined;
  /** Of the earliest join that was not told yet. */
  #joined: number | undefined;
  /** When the kernel last got an entry that sends a group to another host. */
  #sendsSince = Number.NEGATIVE_INFINITY;

  constructor(measures: Measures | undefined) {
    this.#measures = measures;
  }

  joined(): void {
    this.#joined ??= performance.now();
  }

  told(): void {
    if (this.#joined === undefined) return;
    this.#measures?.told(performance.now() - this.#joined);
    this.#joined = undefined;
  }

  looked(milliseconds: number): void {
    this.#measures?.looked(milliseconds);
  }

  changed(milliseconds: number, steps: readonly Step[], refused: number): void {
    this.#measures?.changed(milliseconds, steps, refused);
    if (steps.some(sendsGroup)) this.#sendsSince = performance.now();
  }

  /** @param work what follows from another host's message, begun now */
  async heard(work: Promise<void>): Promise<void> {
    const since = performance.now();
    await work;
    if (this.#sendsSince >= since) this.#measures?.forwarded(this.#sendsSince - since);
  }
}

const sendsGroup = ({ action, fact }: Step): boolean =>
  action !== 'remove' && fact.kind === 'member';
