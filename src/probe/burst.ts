import type { ProbeHeard, ProbeSent } from '../contract/probe.ts';
import { PROBE_KINDS, type ProbeKind } from '../net/probe.ts';
import { decode, encode, type PacketKind } from './packet.ts';
import { findPathMtu } from './path-mtu.ts';

/** A UDP socket of the probe's endpoint, as far as it is needed. */
export interface Wire {
  /** Sends a datagram to the probe's port at an address; one that cannot leave is lost. */
  send(bytes: Buffer, address: string): void;
  onMessage(take: (bytes: Buffer, from: string) => void): void;
}

export interface BurstOptions {
  readonly wire: Wire;
  readonly run: number;
  readonly group: string | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** How many of each kind each of the others is sent. */
const COUNTS: Record<ProbeKind, number> = { unicast: 50, multicast: 10, broadcast: 10, large: 10 };
const EVERY_MS = 10;
/** Bytes of UDP payload that no usual MTU takes whole. */
const LARGE = 4000;
/** UDP and IPv4 headers, bytes. */
const HEADERS = 28;
/** What surely passes where anything does, bytes (RFC 791). */
const SMALL = 576;
/** An answer takes at most this long, beyond the longest seen, milliseconds. */
const ANSWER_MS = 150;
/** Each size is sent again, so that one lost packet does not make a path look narrow. */
const ATTEMPTS = 2;
/** Senders that are told apart, at most; a probe has no more. */
const MAX_SENDERS = 1024;

/** One host's part of a probe: sends, answers and counts. */
export class Burst {
  readonly #options: BurstOptions;
  /** Numbers heard, by sender and kind; bounded by MAX_SENDERS and COUNTS. */
  readonly #heard = new Map<string, Record<ProbeKind, Set<number>>>();
  /** When each unicast was sent, by receiver and number; the round trips of those answered. */
  readonly #sentAt = new Map<string, number>();
  readonly #trips = new Map<string, number[]>();
  readonly #passed = new Map<string, Set<number>>();

  constructor(options: BurstOptions) {
    this.#options = options;
    options.wire.onMessage((bytes, from) => this.#take(bytes, from));
  }

  /** Sends everything, waits for what comes back, and looks how large packets may be. */
  async send(
    others: readonly { ip: string; mtu: number }[],
    mtu: number,
  ): Promise<Pick<ProbeSent, 'sent' | 'ways'>> {
    const { group, sleep } = this.#options;
    for (let turn = 0; turn < COUNTS.unicast; turn++) {
      const rare = turn % (COUNTS.unicast / COUNTS.large) === 0;
      for (const { ip } of others) {
        this.#sentAt.set(`${ip} ${turn}`, this.#options.now());
        this.#say('unicast', turn, ip);
        if (rare) this.#say('large', turn, ip, LARGE);
      }
      if (rare) this.#say('broadcast', turn, '255.255.255.255');
      if (rare && group !== undefined) this.#say('multicast', turn, group);
      await sleep(EVERY_MS);
    }
    await sleep(ANSWER_MS);
    const ways = await Promise.all(
      others.map(async ({ ip }) => [ip, await this.#way(ip, mtu)] as const),
    );
    const sent = { ...COUNTS, multicast: group === undefined ? 0 : COUNTS.multicast };
    return { sent, ways: Object.fromEntries(ways) };
  }

  heard(): ProbeHeard {
    return Object.fromEntries(
      [...this.#heard].map(([ip, kinds]) => [
        ip,
        Object.fromEntries(PROBE_KINDS.map((kind) => [kind, kinds[kind].size])) as Record<
          ProbeKind,
          number
        >,
      ]),
    );
  }

  async #way(ip: string, mtu: number): Promise<ProbeSent['ways'][string]> {
    const trips = (this.#trips.get(ip) ?? []).sort((a, b) => a - b);
    const longest = trips.at(-1);
    if (longest === undefined) return {};
    const at = (part: number): number =>
      Math.round((trips[Math.min(trips.length - 1, Math.floor(trips.length * part))] ?? 0) * 1000) /
      1000;
    const pathMtu = await findPathMtu({
      least: Math.min(SMALL, mtu),
      most: mtu,
      attempt: (sizes) => this.#attempt(ip, sizes, ANSWER_MS + longest),
    });
    return { p50: at(0.5), p99: at(0.99), pathMtu };
  }

  async #attempt(ip: string, sizes: readonly number[], waitMs: number): Promise<Set<number>> {
    const { now, sleep } = this.#options;
    const passed = new Set<number>();
    this.#passed.set(ip, passed);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      for (const size of sizes) {
        if (!passed.has(size)) this.#say('size', size, ip, size - HEADERS);
      }
      const end = now() + waitMs;
      while (passed.size < sizes.length && now() < end) await sleep(5);
    }
    return passed;
  }

  #say(kind: PacketKind, number: number, to: string, size?: number): void {
    const { wire, run } = this.#options;
    wire.send(encode({ run, kind, number }, size), to);
  }

  #take(bytes: Buffer, from: string): void {
    const packet = decode(bytes);
    if (packet === undefined || packet.run !== this.#options.run) return;
    const { kind, number } = packet;
    if (kind === 'unicast-echo') {
      const key = `${from} ${number}`;
      const sentAt = this.#sentAt.get(key);
      if (sentAt === undefined) return;
      this.#sentAt.delete(key);
      const trips = this.#trips.get(from) ?? [];
      trips.push(this.#options.now() - sentAt);
      this.#trips.set(from, trips);
    } else if (kind === 'size-echo') {
      this.#passed.get(from)?.add(number);
    } else if (kind === 'size') {
      this.#say('size-echo', number, from);
    } else {
      this.#count(kind, number, from);
      if (kind === 'unicast') this.#say('unicast-echo', number, from);
    }
  }

  #count(kind: ProbeKind, number: number, from: string): void {
    if (number >= COUNTS.unicast) return;
    let kinds = this.#heard.get(from);
    if (kinds === undefined) {
      if (this.#heard.size >= MAX_SENDERS) return;
      kinds = { unicast: new Set(), multicast: new Set(), broadcast: new Set(), large: new Set() };
      this.#heard.set(from, kinds);
    }
    kinds[kind].add(number);
  }
}
