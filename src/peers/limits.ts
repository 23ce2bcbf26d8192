/** The rules of time and size by which sessions live; tests shorten them. */

/** Times of a subscriber, all in milliseconds. */
export interface Timing {
  /** Between two pings on an open session. */
  readonly pingMs: number;
  /** How long a host may give no sign of life before its record is dropped: four lost pings. */
  readonly silenceMs: number;
  /** How often the clock is looked at; silence is noticed at most this much late. */
  readonly tickMs: number;
  /** How long without a sign of life until the host itself is asked by a bare TCP connection. */
  readonly probeMs: number;
  /** How long a TCP connection may take; longer than the kernel's first SYN retry at 1 s. */
  readonly connectMs: number;
  /** From the TCP connection to the peer's hello; one that has no answer at all waits longer. */
  readonly handshakeMs: number;
  /** First wait before connecting again; doubles up to `backoffMaxMs`. */
  readonly backoffMs: number;
  /** A restarted agent must be heard again within about a second, so never wait longer. */
  readonly backoffMaxMs: number;
}

export const TIMING: Timing = Object.freeze({
  pingMs: 1000,
  silenceMs: 4000,
  tickMs: 500,
  probeMs: 2000,
  connectMs: 1500,
  handshakeMs: 5000,
  backoffMs: 100,
  backoffMaxMs: 1000,
});

/** Longest line in bytes: some 25 000 endpoints of one host on one network. */
export const MAX_LINE = 4 * 1024 * 1024;

/** What is taken of one peer that is listened to, over all its sessions. */
export interface HearingLimits {
  readonly messagesPerSecond: number;
  readonly messagesAtOnce: number;
  readonly bytesPerSecond: number;
  readonly bytesAtOnce: number;
}

/**
 * A host says at most what it has of 8192 networks at once (`want`), and of changes some hundred a second
 * (`agent/publication.ts`). Reading 8 MB/s takes a tenth of a core.
 */
export const HEARING_LIMITS: HearingLimits = Object.freeze({
  messagesPerSecond: 1000,
  messagesAtOnce: 20_000,
  bytesPerSecond: 8 * 1024 * 1024,
  bytesAtOnce: 256 * 1024 * 1024,
});

/** What a publisher grants to those that connect. */
export interface PublisherLimits {
  /** Sessions in all; one for each other host. */
  readonly sessions: number;
  /** Sessions of one node: its agent's, and for a moment the one that it lost. */
  readonly sessionsPerNode: number;
  /**
   * Connections that the kernel takes while the agent does not run, and keeps for it: two of each host that
   * listens. The kernel itself bounds them by net.core.somaxconn: 4096 since Linux 5.4, 128 before.
   */
  readonly backlog: number;
  /**
   * Handshakes of listed hosts at a time; the others wait. Of unlisted ones, connections that have not
   * said hello yet: above it the oldest is ended.
   */
  readonly handshakes: number;
  /** Connections of one listed host that have not said hello yet; above it the oldest is ended. */
  readonly handshakesPerHost: number;
  /** From the TCP connection, or from its turn, to the hello, in milliseconds. */
  readonly handshakeMs: number;
  /** A session that says nothing for so long is ended; it should ping each second. */
  readonly idleMs: number;
  /** Longest line taken from a subscriber, in bytes. */
  readonly requestLine: number;
  /** Longest line sent, in bytes. */
  readonly maxLine: number;
  /** Messages per second of one session, over time. */
  readonly messagesPerSecond: number;
  /** Messages that one session may send at once. */
  readonly burst: number;
  /** Bytes waiting for one slow session; beyond, it is ended and starts anew. */
  readonly buffered: number;
  /** Requests of one session being answered at the same time. */
  readonly asks: number;
}

export const PUBLISHER_LIMITS: PublisherLimits = Object.freeze({
  sessions: 1024,
  sessionsPerNode: 4,
  backlog: 4096,
  handshakes: 64,
  handshakesPerHost: 8,
  handshakeMs: 5000,
  idleMs: 15_000,
  requestLine: 512 * 1024,
  maxLine: MAX_LINE,
  messagesPerSecond: 100,
  burst: 500,
  buffered: 16 * 1024 * 1024,
  asks: 16,
});

/** Endpoints, and likewise groups, that one host may have on one network. */
export const MAX_ENTRIES = 32_768;
