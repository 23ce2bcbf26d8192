import type { Socket } from 'node:net';
import type { PublisherLimits } from './limits.ts';
import { remoteAddress } from './publisher-session.ts';

export interface HandshakesOptions {
  readonly limits: Pick<PublisherLimits, 'handshakes' | 'handshakesPerHost' | 'handshakeMs'>;
  /** Whether a host of the Swarm is known at that address. */
  readonly isListed: (address: string) => boolean;
  /** The TLS handshake may begin. */
  readonly begin: (raw: Socket) => void;
}

/** The name of those that are not listed, among addresses. */
const STRANGERS = '';

/**
 * The connections whose peer has not said hello yet. When an agent starts, all hosts come at once: of
 * those that are listed a few make their handshake at a time, the first that spoke first. All at once,
 * none would be done before the last, and time would run out for all. A connection that says nothing
 * takes no turn: it only asks for a sign of life.
 *
 * Who is not listed may be anybody and takes no turn from those that are. Of them the oldest goes, not
 * the newest: an honest peer is done in milliseconds.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  /** By address; each bounded by limits.handshakesPerHost, strangers by limits.handshakes. */
  readonly #groups = new Map<string, Set<Socket>>();
  /** Each with its group, and what ends it in time. */
  readonly #all = new Map<Socket, { group: string; timer?: NodeJS.Timeout }>();
  /** Those that wait for their turn, and whose handshake is under way. */
  readonly #waiting = new Set<Socket>();
  readonly #underWay = new Set<Socket>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** Takes a connection that has just come. */
  add(raw: Socket): void {
    const { limits, isListed } = this.#options;
    const address = remoteAddress(raw);
    const group = isListed(address) ? address : STRANGERS;
    const alike = this.#groups.get(group) ?? new Set();
    this.#groups.set(group, alike.add(raw));
    this.#all.set(raw, { group });
    this.#endInTime(raw);
    raw.on('error', () => {});
    raw.once('close', () => this.done(raw));
    if (raw.readableLength > 0) this.#spoke(raw);
    else raw.once('readable', () => this.#spoke(raw));
    const [oldest] = alike;
    const most = group === STRANGERS ? limits.handshakes : limits.handshakesPerHost;
    if (alike.size > most) oldest?.destroy();
  }

  /** Its peer has said hello, or it is closed. */
  done(raw: Socket): void {
    const known = this.#all.get(raw);
    if (known === undefined) return;
    clearTimeout(known.timer);
    this.#all.delete(raw);
    const alike = this.#groups.get(known.group);
    alike?.delete(raw);
    if (alike?.size === 0) this.#groups.delete(known.group);
    this.#waiting.delete(raw);
    if (this.#underWay.delete(raw)) this.#next();
  }

  /** Ends all. */
  close(): void {
    for (const raw of [...this.#all.keys()]) raw.destroy();
  }

  /** From the first byte to the hello: also a peer that proves itself and then says nothing. */
  #endInTime(raw: Socket): void {
    const known = this.#all.get(raw);
    if (known === undefined) return;
    clearTimeout(known.timer);
    known.timer = setTimeout(() => raw.destroy(), this.#options.limits.handshakeMs).unref();
  }

  #spoke(raw: Socket): void {
    const known = this.#all.get(raw);
    if (known === undefined) return;
    // It is at its end.
    if (raw.readableLength === 0) {
      raw.destroy();
    } else if (known.group === STRANGERS) {
      this.#options.begin(raw);
    } else {
      clearTimeout(known.timer);
      this.#waiting.add(raw);
      this.#next();
    }
  }

  #next(): void {
    const { limits, begin } = this.#options;
    for (const raw of this.#waiting) {
      if (this.#underWay.size >= limits.handshakes) return;
      this.#waiting.delete(raw);
      this.#underWay.add(raw);
      this.#endInTime(raw);
      begin(raw);
    }
  }
}
