import type { FoundPeer } from '../core/encryption/wireguard.ts';

/**
 * Two hosts keep each other's way open every 25 s, and have a handshake every two minutes, milliseconds. Who
 * can send but not hear is heard by the other all the same: only that they have no handshake tells it there.
 */
const PACKET_MS = 70_000;
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
  /** Bytes that had come of it, and when these were first seen. */
  readonly received: number;
  readonly heard: number;
}

/** What has not come from a peer, and for how long, milliseconds. */
export interface Silence {
  readonly of: 'packet' | 'handshake';
  readonly ms: number;
}

/**
 * When the last handshakes were. WireGuard tells them by the time of day, which may be set: how old one
 * is, is counted from when it was first seen.
 */
export class Handshakes {
  /** By public key; bounded by the peers. */
  readonly #noted = new Map<string, Noted>();
  #looked = 0;

  /** Takes what was just read, at `now`, milliseconds on a clock that nobody can set. */
  look(peers: readonly FoundPeer[], now: number): void {
    this.#looked = now;
    this.note(peers, now);
  }

  /** Takes what is known at `now`: peers may have come since it was read. */
  note(peers: readonly FoundPeer[], now: number): void {
    const keys = new Set(peers.map((it) => it.key));
    for (const key of this.#noted.keys()) if (!keys.has(key)) this.#noted.delete(key);
    for (const { key, handshake, received = 0 } of peers) {
      const before = this.#noted.get(key);
      this.#noted.set(key, {
        ...{ handshake, at: before?.handshake === handshake ? before.at : now },
        ...{ received, heard: before?.received === received ? before.heard : now },
      });
    }
  }

  /** What a peer has not sent for longer than it may take. */
  silence({ key, handshake }: FoundPeer, now: number): Silence | undefined {
    const { at = now, heard = now } = this.#noted.get(key) ?? {};
    // As of the last look: a late one is no fault of the peer's.
    const unheard = this.#looked - heard;
    if (now - at >= (handshake === 0 ? FIRST_MS : HANDSHAKE_MS))
      return { of: 'handshake', ms: now - at };
    const isHeard = handshake === 0 || unheard < PACKET_MS;
    return isHeard ? undefined : { of: 'packet', ms: unheard };
  }
}

/**
 * Whether a peer's last handshake is yet to come by this host's clock. Then that was set back, and whoever has
 * heard this host take the time of day for its number of the handshake (whitepaper, section 5.1, TAI64N)
 * refuses its next ones as said before, until the clock is there again: hours, perhaps.
 */
export const wasSetBack = (peers: readonly FoundPeer[], timeOfDay: number): boolean =>
  peers.some(({ handshake }) => handshake > timeOfDay + CORRECTED_MS);
