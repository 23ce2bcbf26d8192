import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Allowance } from '../core/allowance.ts';
import type { HostAbout } from '../core/records.ts';
import type { Asker } from '../core/visible.ts';
import type { Proof } from './credentials.ts';
import type { PublisherLimits } from './limits.ts';
import type { Log } from './log.ts';
import {
  type ClientMessage,
  clientSchemas,
  type NetworkMessage,
  type Position,
  PROTOCOL_VERSION,
  type ServerMessage,
  versionFault,
} from './messages.ts';
import { sessionSecret } from './session-secret.ts';
import { Decoder, encode } from './wire.ts';

/** Answers what a peer asks; a rejection's message is told to the peer. */
export type Answerer = (what: string, args: unknown, by: Asker) => Promise<unknown>;

type Hello = Extract<ClientMessage, { type: 'hello' }>;

/** What a session needs of its publisher. */
export interface SessionHost {
  readonly node: string;
  /** What is said of this host beside its networks. */
  readonly about: HostAbout;
  /** Of this process: what is confirmed is counted within it. */
  readonly epoch: string;
  /** False until a first record was published: nothing may be said of networks before. */
  readonly known: boolean;
  current(network: string): NetworkMessage;
  admit(peer: { node: string; address: string }): true | string;
  /** Whether a peer takes part in a network: else this host has nothing of it to tell. */
  mayHear(peer: { node: string; address: string }, network: string): boolean;
  readonly answer: Answerer;
  readonly limits: PublisherLimits;
  readonly log: Log;
  now(): number;
  /** A message as a line; empty when it is longer than a peer would take, which is logged. */
  line(message: ServerMessage): string;
  /** Logs a refusal. */
  refused(fields: { address: string; node: string | undefined; reason: string }): void;
  /** @returns when the peer may hear of networks: what it then sends must be let in */
  onHello(session: PublisherSession): Promise<void> | undefined;
  /** Its kernel has more of what it was told than before. */
  onConfirmed(): void;
  onEnd(session: PublisherSession): void;
}

export interface SessionInfo {
  readonly node: string;
  readonly address: string;
  /** When it said hello, in milliseconds of the publisher's clock. */
  readonly since: number;
  readonly networks: readonly string[];
  /** Bytes that wait to be taken by the peer. */
  readonly buffered: number;
}

/** IPv4 as it is written, also when the socket is dual-stack. */
export function remoteAddress(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}

/** One subscriber, from its proof of identity to its end. */
export class PublisherSession {
  readonly address: string;
  node: string | undefined;
  /** Where its VXLAN packets come from, if it said so. */
  tunnel: string | undefined;
  heardAt: number;
  readonly #socket: TLSSocket;
  readonly #host: SessionHost;
  readonly #proven: string | undefined;
  readonly #manager: boolean;
  readonly #lapsed: () => string | undefined;
  readonly #allowance: Allowance;
  #since = 0;
  #wanted: ReadonlySet<string> = new Set();
  /** Whether it says what is in force. */
  #confirms = false;
  /** Up to which change its kernel forwards as it was told; bounded by the networks it wants. */
  readonly #inForce = new Map<string, number>();
  #asks = 0;
  #over = false;
  /** Whether it may hear of networks. */
  #ready = false;
  /** Networks in which it takes no part, so that it was told there is nothing of them here. */
  readonly #withheld = new Set<string>();

  /** @param options.proof what the credentials proved */
  constructor(options: { socket: TLSSocket; host: SessionHost; proof: Proof & { ok: true } }) {
    const { socket, host, proof } = options;
    this.#socket = socket;
    this.#host = host;
    this.#proven = proof.node;
    this.#manager = proof.manager;
    this.#lapsed = proof.lapsed ?? (() => undefined);
    this.address = remoteAddress(socket);
    this.heardAt = host.now();
    const { messagesPerSecond: perSecond, burst, requestLine } = host.limits;
    this.#allowance = new Allowance({ perSecond, burst }, this.heardAt);
    const decoder = new Decoder(clientSchemas, { maxLine: requestLine });
    socket.on('data', (chunk: Buffer) => this.#take(decoder, chunk));
    socket.on('close', () => this.#ended());
  }

  /** Whether it said hello and is not being ended. */
  get active(): boolean {
    return this.node !== undefined && !this.#over;
  }

  /** Why what it proved when it came counts no more. */
  get lapsed(): string | undefined {
    return this.#lapsed();
  }

  info(): SessionInfo | undefined {
    if (this.node === undefined || this.#over) return undefined;
    return {
      node: this.node,
      address: this.address,
      since: this.#since,
      networks: [...this.#wanted].sort(),
      buffered: this.#socket.writableLength,
    };
  }

  wants(network: string): boolean {
    return this.#ready && this.#wanted.has(network) && this.#mayHear(network);
  }

  /** Tells of the networks in which it takes part by now, and that there is nothing of the others. */
  readmit(): void {
    this.#tell([...this.#wanted].filter((it) => this.#mayHear(it) === this.#withheld.has(it)));
  }

  /**
   * Whether its kernel forwards as it was told of a network up to a change. Of a peer that wants the
   * network, and true of one whose release does not say.
   */
  confirmed(network: string, mark: number): boolean {
    return !this.#confirms || (this.#inForce.get(network) ?? -1) >= mark;
  }

  /** Tells of every network wanted, once the first record is known. */
  tellAll(): void {
    this.#tell(this.#wanted);
  }

  /** Writes lines at once and in one piece; ends a session that does not take what it is sent. */
  write(lines: string): void {
    if (lines === '' || this.#over) return;
    this.#socket.write(lines);
    if (this.#socket.writableLength > this.#host.limits.buffered) {
      this.destroy(`it left ${this.#socket.writableLength} bytes unread`);
    }
  }

  /** Tells the peer why, and ends. Only for peers that proved who they are. */
  refuse(reason: string): void {
    if (this.#over) return;
    this.#host.refused({ address: this.address, node: this.node ?? this.#proven, reason });
    this.#over = true;
    const message = encode({ type: 'refused', reason: reason.slice(0, 1024) });
    // Not destroyed at once: a reset could overtake the reason. A peer that never reads must go too.
    this.#socket.end(message);
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  destroy(reason: string): void {
    this.#host.log.info({ address: this.address, node: this.node, reason }, 'ended a session');
    this.#over = true;
    this.#socket.destroy();
  }

  #ended(): void {
    this.#over = true;
    this.#host.onEnd(this);
  }

  #take(decoder: Decoder<typeof clientSchemas>, chunk: Buffer): void {
    if (this.#over) return;
    this.heardAt = this.#host.now();
    for (const decoded of decoder.push(chunk)) {
      if (this.#over) return;
      const fault = this.#allowance.take(this.heardAt)
        ? decoded.kind === 'fault' && decoded.fault.reason
        : 'it sends too many messages';
      if (fault) this.refuse(fault);
      else if (decoded.kind === 'message') this.#handle(decoded.message);
    }
  }

  #handle(message: ClientMessage): void {
    if (message.type === 'hello') {
      const fault = this.#helloFault(message);
      if (fault === undefined) this.#welcome(message);
      else this.refuse(fault);
    } else if (this.node === undefined) {
      this.refuse('its first message must be a hello');
    } else if (message.type === 'want') {
      this.#want(new Set(message.networks));
    } else if (message.type === 'resync') {
      this.#tell(this.#wanted.has(message.network) ? [message.network] : []);
    } else if (message.type === 'in-force') {
      this.#confirmed(message.at);
    } else if (message.type === 'ping') {
      this.write(encode({ type: 'pong', n: message.n }));
    } else {
      void this.#ask(message);
    }
  }

  #helloFault({ version, node }: { version: number; node: string }): string | undefined {
    if (this.node !== undefined) return 'it said hello twice';
    const fault = versionFault(version);
    if (fault) return fault;
    if (this.#proven !== undefined && node !== this.#proven) {
      return `it calls itself node ${node}, but its certificate is of ${this.#proven}`;
    }
    const admitted = this.#host.admit({ node, address: this.address });
    return admitted === true ? undefined : admitted;
  }

  #confirmed(at: readonly Position[]): void {
    for (const { network, epoch, seq } of at) {
      if (epoch !== this.#host.epoch || !this.#wanted.has(network)) continue;
      this.#inForce.set(network, Math.max(seq, this.#inForce.get(network) ?? 0));
    }
    this.#host.onConfirmed();
  }

  #welcome({ node, tunnel: theirs, confirms }: Hello): void {
    this.node = node;
    this.tunnel = theirs;
    this.#confirms = confirms === true;
    this.#since = this.heardAt;
    const { node: ours, about } = this.#host;
    this.write(encode({ type: 'hello', version: PROTOCOL_VERSION, node: ours, ...about }));
    const wait = this.#host.onHello(this);
    const begin = () => {
      this.#ready = true;
      this.tellAll();
    };
    if (wait === undefined) begin();
    else void wait.then(begin, begin);
  }

  #want(networks: ReadonlySet<string>): void {
    const fresh = [...networks].filter((network) => !this.#wanted.has(network));
    this.#wanted = networks;
    for (const known of [this.#inForce, this.#withheld]) {
      for (const network of known.keys()) if (!networks.has(network)) known.delete(network);
    }
    this.#tell(fresh);
  }

  #tell(networks: Iterable<string>): void {
    if (!this.#host.known || !this.#ready) return;
    this.write([...networks].map((network) => this.#host.line(this.#current(network))).join(''));
  }

  #current(network: string): NetworkMessage {
    const current = this.#host.current(network);
    if (this.#mayHear(network)) {
      this.#withheld.delete(network);
      return current;
    }
    this.#withheld.add(network);
    // Under the same number, so that what it is told when it takes part is no older.
    const { epoch, seq } = current;
    return { type: 'gone', network, epoch, seq };
  }

  #mayHear(network: string): boolean {
    const { node = '', address } = this;
    return this.#host.mayHear({ node, address }, network);
  }

  async #ask(message: { id: number; what: string; args?: unknown }): Promise<void> {
    const { id, what, args } = message;
    const fail = (error: string) =>
      this.write(encode({ type: 'answer', id, data: null, error: error.slice(0, 1024) }));
    if (this.#asks >= this.#host.limits.asks) return fail('too many requests at once');
    this.#asks += 1;
    try {
      const by = {
        ...{ node: this.node ?? '', address: this.address, manager: this.#manager },
        secret: (context: string) => sessionSecret(this.#socket, context),
      };
      const data = (await this.#host.answer(what, args, by)) ?? null;
      const line = this.#host.line({ type: 'answer', id, data });
      if (line === '') fail(`the answer to "${what}" is too long`);
      else this.write(line);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#asks -= 1;
    }
  }
}
