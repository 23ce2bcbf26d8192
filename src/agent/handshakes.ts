import type { FoundPeer } from '../core/encryption/wireguard.ts';

/** Two hosts keep each other's way open every 25 s, and have a handshake every two minutes, milliseconds. */
const HANDSHAKE_MS = 200_000;
/** So long the first may take before it is told, milliseconds. */
const FIRST_MS = 15_000;
/** By so much a clock may be corrected without a word, milliseconds. */
const CORRECTED_MS = 5_000;

interface Noted {
  /** As WireGuard says it, by the time of day. */
  readonly handshake: number;
  /** When it was first seen here, milliseconds on a clock that nobody can set. */
  readonly at: number;
}

/**
 * When the last handshakes were. WireGuard tells them by the time of day, which may be set: how old one
 * is, is counted from when it was first seen.
 */
export class Handshakes {
  /** By public key; bounded by the peers. */
  readonly #noted = new Map<string, Noted>();

  /** Takes what is so at `now`, milliseconds on a clock that nobody can set. */
  note(peers: readonly FoundPeer[], now: number): void {
    const keys = new Set(peers.map((it) => it.key));
    for (const key of this.#noted.keys()) if (!keys.has(key)) this.#noted.delete(key);
    for (const { key, handshake } of peers) {
      if (this.#noted.get(key)?.handshake !== handshake)
        this.#noted.set(key, { handshake, at: now });
    }
  }

  /** For how long a peer has had none, milliseconds; undefined: no longer than one may take. */
  silence({ key, handshake }: FoundPeer, now: number): number | undefined {
    const noted = this.#noted.get(key);
    if (noted === undefined) return undefined;
    const age = now - noted.at;
    return age < (handshake === 0 ? FIRST_MS : HANDSHAKE_MS) ? undefined : age;
  }
}

/**
 * Whether a peer's last handshake is yet to come by this host's clock. Then that was set back, and whoever has
 * heard this host take the time of day for its number of the handshake (whitepaper, section 5.1, TAI64N)
 * refuses its next ones as said before, until the clock is there again: hours, perhaps.
 */
export const wasSetBack = (peers: readonly FoundPeer[], timeOfDay: number): boolean =>
  peers.some(({ handshake }) => handshake > timeOfDay + CORRECTED_MS);
