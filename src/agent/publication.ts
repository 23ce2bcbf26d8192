import type { Host } from './host.ts';
import { hostRecord } from './knowledge.ts';

/** Tells the other hosts what this one says of itself, after everything that is at hand now. */
export class Publication {
  readonly #host: Host;
  #isSoon = false;

  constructor(host: Host) {
    this.#host = host;
    host.when(['endpoints', 'members', 'looked', 'services', 'tunnel'], () => this.soon());
    host.when(['sessions'], () => this.#publish());
  }

  /** A burst of changes is one message. */
  soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => this.#publish());
  }

  #publish(): void {
    this.#isSoon = false;
    const host = this.#host;
    host.record = hostRecord(host.knowledge());
    if (host.record !== undefined) host.link.sessions?.publish(host.record);
    host.emit('record');
  }
}
