import { setTimeout } from 'node:timers/promises';
import type { Partner } from '../core/encryption/partners.ts';
import type { FoundPeer } from '../core/encryption/wireguard.ts';
import type { Log } from './log.ts';
import type { PairSecrets } from './pair-secrets.ts';

export interface KeyRenewalOptions {
  readonly device: {
    /** Makes another key, not in use yet. @returns its public half */
    prepareKey(): string;
    observe(): Promise<{ readonly peers: readonly FoundPeer[] } | undefined>;
    /** Gives the interface that key, with the peers' secrets for it. */
    changeKey(peers: readonly { key: string; secret: string }[]): Promise<void>;
  };
  readonly secrets: Pick<PairSecrets, 'get' | 'isSteady'>;
  /** After so long a host takes another key, milliseconds. */
  readonly renewMs: number;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * With so little on its way to a peer a key may change, bytes a second: of small packets these are 400, so that
 * those of a third of a second find room.
 */
const QUIET = 50_000;
/** In which what was sent with the key of before arrives, milliseconds; the others take it from nobody then. */
const ARRIVES_MS = 100;
/** Over less time a rate says nothing, milliseconds. */
const RATE_MS = 1_000;
/** By when it is known who else has told another key just then, milliseconds. */
const KNOWN_MS = 1_000;
/** After so many times its time a key changes all the same. */
const OVERDUE = 7;

/** The interface, and the hosts that it leads to. */
export interface KeySituation {
  readonly own: string;
  readonly peers: readonly FoundPeer[];
  readonly partners: readonly Partner[];
  /** Addresses of the agents with which there is a session. */
  readonly speaking: ReadonlySet<string>;
}

/**
 * Another key for this host, once in a while. It is told first, so that each other host agrees on a secret for
 * it. When all have, and all their agents speak, the interface gets it. From then on its packets wait: the others
 * hear in this host's record, a moment later, that it has the key now, and begin the handshake. What they send meanwhile in the
 * sessions of before is still taken. So nothing is lost that finds room in WireGuard's queue of 128 packets a peer
 * during those some milliseconds; it is done while little is sent. Two hosts never do it at once, for what waits for
 * a key that is another by then is lost.
 */
export class KeyRenewal {
  readonly #options: KeyRenewalOptions;
  #own = '';
  #since = 0;
  #next: string | undefined;
  #toldAt = 0;
  /** By peer, what was sent to it by when; bounded by the peers. */
  #sent: ReadonlyMap<string, number> = new Map();
  #sentAt = Number.NEGATIVE_INFINITY;
  #isQuiet = false;

  constructor(options: KeyRenewalOptions) {
    this.#options = options;
  }

  /** The key that this host has, as of the last look. */
  get own(): string {
    return this.#own;
  }

  /** The key that this host is about to have, its public half. */
  get next(): string | undefined {
    return this.#next;
  }

  /** @returns whether the interface has another key now. Errors: when it does not take it */
  async look(situation: KeySituation): Promise<boolean> {
    const { device, secrets, now, renewMs, log } = this.#options;
    const { own, partners } = situation;
    if (own !== this.#own) this.#begin(own);
    const isOverdue = now() - this.#since >= OVERDUE * renewMs;
    const others = partners.filter((it) => it.wireguard.next !== undefined);
    if (this.#next === undefined) {
      if (now() - this.#since < renewMs || (others.length > 0 && !isOverdue)) return false;
      this.#next = device.prepareKey();
      this.#toldAt = now();
      return false;
    }
    const next = this.#next;
    if (now() - this.#toldAt < KNOWN_MS || !this.#isReady(next, situation)) return false;
    const { peers } = (await device.observe()) ?? { peers: [] };
    this.noteSent(peers);
    // Of several that have told another key the one with the least key is first; the others wait until its next
    // handshake with them was.
    const isFirst = others.every((it) => own < it.wireguard.key);
    const isMine = isFirst && peers.every((it) => it.handshake !== 0);
    if (!(isMine && this.#isQuiet) && !isOverdue) return false;
    await device.changeKey(
      partners.map(({ wireguard: { key } }) => ({ key, secret: secrets.get(next, key) ?? '' })),
    );
    this.#begin(next);
    await setTimeout(ARRIVES_MS);
    log.info({ key: next }, 'this host has another key of WireGuard');
    return true;
  }

  #begin(own: string): void {
    this.#own = own;
    this.#since = this.#options.now();
    this.#next = undefined;
  }

  /** Takes how much was sent until now. */
  noteSent(peers: readonly FoundPeer[]): void {
    const now = this.#options.now();
    const seconds = (now - this.#sentAt) / 1000;
    if (seconds * 1000 < RATE_MS) return;
    const rates = peers.map(({ key, sent = 0 }) => (sent - (this.#sent.get(key) ?? 0)) / seconds);
    this.#isQuiet = Number.isFinite(seconds) && rates.every((it) => it < QUIET);
    this.#sent = new Map(peers.map(({ key, sent = 0 }) => [key, sent]));
    this.#sentAt = now;
  }

  /** Each peer is a partner that speaks, and has agreed on a secret that will not be another just now. */
  #isReady(next: string, { peers, partners, speaking }: KeySituation): boolean {
    const there = new Set(peers.map((it) => it.key));
    return (
      peers.length === partners.length &&
      partners.every(
        (it) =>
          there.has(it.wireguard.key) &&
          speaking.has(it.address) &&
          this.#options.secrets.isSteady(next, it),
      )
    );
  }
}
