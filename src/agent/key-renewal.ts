import type { Partner } from '../core/encryption/partners.ts';
import type { FoundPeer } from '../core/encryption/wireguard.ts';
import type { Log } from './log.ts';
import type { PairSecrets } from './pair-secrets.ts';

export interface KeyRenewalOptions {
  readonly device: {
    /** Makes another key, not in use yet. @returns its public half */
    prepareKey(): string;
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
 * hear in this host's record that it has the key now, and begin the handshake. What they send meanwhile in the
 * sessions of before is still taken. So nothing is lost, but for what does not find room in WireGuard's queue of
 * 128 packets a peer during those some milliseconds.
 */
export class KeyRenewal {
  readonly #options: KeyRenewalOptions;
  #own = '';
  #since = 0;
  #next: string | undefined;

  constructor(options: KeyRenewalOptions) {
    this.#options = options;
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
    if (this.#next === undefined) {
      if (now() - this.#since >= renewMs) this.#next = device.prepareKey();
      return false;
    }
    const next = this.#next;
    if (!this.#isReady(next, situation)) return false;
    await device.changeKey(
      partners.map(({ wireguard: { key } }) => ({ key, secret: secrets.get(next, key) ?? '' })),
    );
    this.#begin(next);
    log.info({ key: next }, 'this host has another key of WireGuard');
    return true;
  }

  #begin(own: string): void {
    this.#own = own;
    this.#since = this.#options.now();
    this.#next = undefined;
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
