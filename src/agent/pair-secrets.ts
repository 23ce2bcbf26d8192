import { randomUUID } from 'node:crypto';
import type { Partner } from '../core/encryption/partners.ts';
import type { Asker } from '../core/visible.ts';
import type { Log } from './log.ts';
import type { Sessions } from './swarm-link.ts';

/** What one host asks another for a secret of the two. */
export const SECRET_QUESTION = 'wireguard-secret';

export interface PairSecretsOptions {
  readonly sessions: () => Pick<Sessions, 'ask' | 'secret'> | undefined;
  /** After so long a pair agrees on another one, milliseconds. */
  readonly renewMs: number;
  readonly log: Log;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/** What is known of this host and of those that it shares an encrypted network with. */
export interface PairsKnown {
  /** This host's public key. */
  readonly own: string;
  /** The one that it is about to have. */
  readonly next?: string | undefined;
  /** Its node id; absent without sessions. */
  readonly node: string | undefined;
  readonly partners: readonly Partner[];
}

/** From a failure to the next try, milliseconds; twice as long after each. */
const RETRY_MS = 150;
const RETRY_MOST_MS = 5_000;
/** An answer comes when the other side has the secret in its interface, milliseconds. */
const ANSWER_MS = 5_000;
/** So long a secret with a host is kept that is no partner now, milliseconds. */
const KEEP_MS = 600_000;
/** So long before it is due a secret may already be on its way to be another, milliseconds. */
const STEADY_MS = 3_000;
/** By when the one that asked has the secret too, milliseconds. */
const ANSWERED_MS = 500;
/** How often it is looked what is due, milliseconds. */
const LOOK_MS = 1_000;

interface Agreed {
  readonly secret: string;
  readonly at: number;
}

/** Of a partner and this host, one key of each. */
interface Pair {
  readonly partner: Partner;
  readonly ours: string;
  readonly theirs: string;
  readonly key: string;
}

interface Trying {
  readonly again: number;
  readonly wait: number;
}

/**
 * The pre-shared key of each pair of hosts. It comes of the TLS session by which the host with the lower node
 * id asks the other, so it goes over no wire. Who is asked has it in its interface before it answers, and who
 * asks begins the handshake: so the first one succeeds. A new one counts from the next handshake on;
 * what is under way between the two is not touched.
 */
export class PairSecrets {
  readonly #options: PairSecretsOptions;
  /** By both public keys; bounded by the partners. */
  readonly #agreed = new Map<string, Agreed>();
  readonly #underWay = new Set<string>();
  readonly #failed = new Map<string, Trying>();
  #known: PairsKnown = { own: '', node: undefined, partners: [] };
  #changed: () => Promise<void> = async () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PairSecretsOptions) {
    this.#options = options;
  }

  /** @param changed has what was agreed on put in force; resolves when it is */
  onChange(changed: () => Promise<void>): void {
    this.#changed = changed;
  }

  get(own: string, theirs: string): string | undefined {
    return this.#agreed.get(pair(own, theirs))?.secret;
  }

  /** Whether both have one secret, and will for some seconds, for a key of this host and all that another has. */
  isSteady(own: string, { wireguard }: Partner): boolean {
    const { now, renewMs } = this.#options;
    return keysOf(wireguard).every((theirs) => {
      const key = pair(own, theirs);
      const { at = Number.NEGATIVE_INFINITY } = this.#agreed.get(key) ?? {};
      const age = now() - at;
      return !this.#underWay.has(key) && age >= ANSWERED_MS && age < renewMs - STEADY_MS;
    });
  }

  /** One that an earlier agent agreed on, and that is in force. */
  found({ own, theirs, secret }: { own: string; theirs: string; secret: string }): void {
    if (secret !== '') this.#agreed.set(pair(own, theirs), { secret, at: this.#options.now() });
  }

  /** Takes what is so now, and agrees with whomever it is due. */
  update(known: PairsKnown): void {
    this.#known = known;
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** Answers a host that asks. @throws Error in words when the two do not know each other yet */
  async answer(args: unknown, by: Asker): Promise<{ serial: string }> {
    const { node, partners } = this.#known;
    const { serial, key, of } = (args ?? {}) as Record<string, unknown>;
    if (typeof serial !== 'string' || serial.length > 64 || !/^[\w-]+$/.test(serial)) {
      throw new Error('a secret needs a serial number');
    }
    const isPartners = partners.some(
      (it) => it.node === by.node && keysOf(it.wireguard).some((its) => its === key),
    );
    const own = this.#ours.find((it) => it === of);
    if (node === undefined || own === undefined || !isPartners || by.node >= node) {
      throw new Error('this host does not know that key yet, or has another itself');
    }
    const asks = String(key);
    const secret = by.secret?.(context(by.node, node, { serial, asks, own }));
    if (secret === undefined) throw new Error('the session has no secret');
    this.#agreed.set(pair(own, asks), { secret, at: this.#options.now() });
    await this.#changed();
    return { serial };
  }

  /** Nobody needs any more. */
  forget(): void {
    this.#agreed.clear();
    this.#failed.clear();
    this.#known = { own: '', node: undefined, partners: [] };
    this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get #ours(): string[] {
    return keysOf({ key: this.#known.own, next: this.#known.next });
  }

  /** Of two hosts that change their keys at once there are four. */
  #pairs(): Pair[] {
    return this.#known.partners.flatMap((partner) =>
      this.#ours.flatMap((ours) =>
        keysOf(partner.wireguard).map(
          (theirs): Pair => ({ partner, ours, theirs, key: pair(ours, theirs) }),
        ),
      ),
    );
  }

  #look(): void {
    const { node } = this.#known;
    const all = this.#pairs();
    const pairs = new Set(all.map((it) => it.key));
    for (const key of this.#failed.keys()) if (!pairs.has(key)) this.#failed.delete(key);
    // Of hosts that are not heard for a moment it is kept.
    const old = this.#options.now() - KEEP_MS;
    for (const [key, { at }] of this.#agreed)
      if (!pairs.has(key) && at < old) this.#agreed.delete(key);
    if (node === undefined) return;
    for (const it of all) {
      const isMine = it.partner.node > node;
      if (isMine && this.#isDue(it.key) && !this.#underWay.has(it.key)) void this.#agree(it);
    }
  }

  #isDue(key: string): boolean {
    const { now, renewMs } = this.#options;
    const agreed = this.#agreed.get(key);
    if (agreed !== undefined && now() - agreed.at < renewMs) return false;
    return now() >= (this.#failed.get(key)?.again ?? 0);
  }

  async #agree({ partner, ours, theirs, key }: Pair): Promise<void> {
    const { sessions, log, now } = this.#options;
    const { node = '' } = this.#known;
    const { address } = partner;
    const serial = randomUUID();
    this.#underWay.add(key);
    try {
      const made = context(node, partner.node, { serial, asks: ours, own: theirs });
      const secret = sessions()?.secret(address, made);
      if (secret === undefined) throw new Error('there is no session');
      const args = { serial, key: ours, of: theirs };
      await sessions()?.ask(address, SECRET_QUESTION, args, { timeoutMs: ANSWER_MS });
      this.#agreed.set(key, { secret, at: now() });
      this.#failed.delete(key);
      this.#underWay.delete(key);
      await this.#changed();
    } catch (error) {
      const wait = Math.min(RETRY_MOST_MS, 2 * (this.#failed.get(key)?.wait ?? RETRY_MS / 2));
      this.#failed.set(key, { wait, again: now() + wait });
      log.debug({ address, reason: (error as Error).message }, 'no secret for WireGuard yet');
      setTimeout(() => this.#look(), wait).unref();
    } finally {
      this.#underWay.delete(key);
    }
  }
}

const keysOf = ({ key, next }: { key: string; next?: string | undefined }): string[] =>
  next === undefined ? [key] : [key, next];

const pair = (own: string, theirs: string): string => `${own} ${theirs}`;

/** What a secret is for: the same words at both ends. */
const context = (
  asks: string,
  answers: string,
  { serial, asks: key, own: other }: { serial: string; asks: string; own: string },
): string => ['wireguard', asks, answers, key, other, serial].join(' ');
