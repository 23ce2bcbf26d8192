import { Allowance } from '../core/allowance.ts';
import type { Host } from './host.ts';
import { hostRecord } from './knowledge.ts';

/** Messages about memberships: at once, and each second after that. */
const OFTEN = { burst: 50, perSecond: 10 };
/** From one of them to the next when they are more, milliseconds. */
const PAUSE_MS = 50;

/** Tells the other hosts what this one says of itself, after everything that is at hand now. */
export class Publication {
  readonly #host: Host;
  /** What is told of groups that containers join and leave, when that does not end. */
  readonly #often: Allowance;
  #isSoon = false;
  #later: NodeJS.Timeout | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#often = new Allowance(OFTEN, performance.now());
    host.when(['endpoints', 'looked', 'services', 'tunnel', 'encryption'], () => this.soon());
    host.when(['members'], () => this.#inTurn());
    host.when(['sessions'], () => this.#publish());
  }

  /** A burst of changes is one message. */
  soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => this.#publish());
  }

  /** What follows memberships: at once, unless they go on changing all the time. */
  #inTurn(): void {
    if (this.#isSoon || this.#later !== undefined) return;
    if (this.#often.take(performance.now())) this.soon();
    else this.#later = setTimeout(() => this.soon(), PAUSE_MS).unref();
  }

  #publish(): void {
    this.#isSoon = false;
    clearTimeout(this.#later);
    this.#later = undefined;
    const host = this.#host;
    host.record = hostRecord(host.knowledge());
    if (host.record !== undefined) host.link.sessions?.publish(host.record);
    host.emit('record');
  }
}
