/** A network in memory: connections between hosts that lose nothing, take time and are counted. */
import { EventEmitter } from 'node:events';
import type { Connection, dial, probe } from '../../src/peers/dial.ts';
import { MAX_LINE } from '../../src/peers/limits.ts';
import { serverSchemas } from '../../src/peers/messages.ts';
import type { PublisherOptions } from '../../src/peers/publisher.ts';
import { Decoder, encode } from '../../src/peers/wire.ts';
import type { Clock } from './clock.ts';

/** One way between two hosts takes 0.5 to 1 ms. */
const WAY_MS = 0.5;
const JITTER_MS = 0.5;

type Dialed = Parameters<typeof dial>[0];

/** A host's listening socket, as far as a publisher uses node:net's. */
class MemoryServer extends EventEmitter {
  readonly #net: MemoryNet;
  readonly #address: string;

  constructor(net: MemoryNet, address: string) {
    super();
    this.#net = net;
    this.#address = address;
  }

  listen(_port: number, _host: string, _backlog: number, done: () => void): void {
    this.#net.listeners.set(this.#address, this);
    done();
  }

  address() {
    return { address: this.#address, port: 0 };
  }

  close(done: () => void): void {
    this.#net.listeners.delete(this.#address);
    done();
  }
}

/** What makes handshakes: in memory they are made at once. */
class MemoryTls extends EventEmitter {
  constructor() {
    super();
    this.on('connection', (socket: ServerEnd) => {
      this.emit('secureConnection', socket);
      socket.begin();
    });
  }

  setSecureContext(): void {}
}

let nextPort = 1;

/** The publisher's end of a connection, as far as it uses a TLS socket. */
class ServerEnd extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort = nextPort++;
  /** It has spoken: a handshake begins with the connection. */
  readonly readableLength = 1;
  /** Whoever reads at the other end reads at once. */
  readonly writableLength = 0;
  readonly #send: (text: string) => void;
  readonly #over: () => void;
  /** What came while its handshake waited for its turn. */
  #early: Buffer[] = [];

  constructor(remote: string, send: (text: string) => void, over: () => void) {
    super();
    this.remoteAddress = remote;
    this.#send = send;
    this.#over = over;
  }

  receive(data: Buffer): void {
    if (this.listenerCount('data') > 0) this.emit('data', data);
    else this.#early.push(data);
  }

  /** Its handshake is made, and somebody reads. */
  begin(): void {
    for (const data of this.#early.splice(0)) this.emit('data', data);
  }

  write(text: string): void {
    this.#send(text);
  }

  end(text: string): void {
    this.#send(text);
    this.destroy();
  }

  destroy(): void {
    this.#over();
    this.emit('close');
  }
}

export class MemoryNet {
  readonly clock: Clock;
  readonly listeners = new Map<string, MemoryServer>();
  /** Of all hosts together, since it began. */
  messages = 0;
  bytes = 0;
  /** Hosts that nothing reaches and nothing leaves. */
  readonly #dead = new Set<string>();
  #seed = 1;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** From now on the host is gone: no packet, no refusal, no reset. */
  kill(address: string): void {
    this.#dead.add(address);
  }

  /** What a host's publisher listens with, in the place of TCP and TLS. */
  serversAt(address: string): NonNullable<PublisherOptions['servers']> {
    return { listener: new MemoryServer(this, address), secure: new MemoryTls() } as never;
  }

  /** How a host connects to others, in the place of TLS over TCP. */
  transportOf(own: string): { dial: typeof dial; probe: typeof probe } {
    return {
      dial: (options) => this.#dial(own, options),
      // Nobody is asked here whose host lives, and so none has to be kept.
      probe: ({ address, timeoutMs, onAnswered, onEnd }) => {
        let over = false;
        const timer = this.clock.after(timeoutMs, () => {
          over = true;
          onEnd(false);
        });
        const cancel = () => {
          over = true;
          this.clock.cancel(timer);
        };
        this.way(
          own,
          address,
        )(() => {
          if (over) return;
          cancel();
          onAnswered();
          onEnd(true);
        });
        return { isOpen: () => false, cancel };
      },
    };
  }

  /** One direction of a connection: what is sent later arrives later. */
  way(from: string, to: string): (arrive: () => void) => void {
    let last = 0;
    return (arrive) => {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
      const at = this.clock.now + WAY_MS + (this.#seed / 2 ** 32) * JITTER_MS;
      last = Math.max(last, at);
      this.clock.after(last - this.clock.now, () => {
        if (!this.#dead.has(from) && !this.#dead.has(to)) arrive();
      });
    };
  }

  #count(text: string): void {
    this.bytes += text.length;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.messages++;
  }

  #dial(own: string, { address, timing, events }: Dialed): Connection {
    const decoder = new Decoder(serverSchemas, { maxLine: MAX_LINE });
    const there = this.way(own, address);
    const back = this.way(address, own);
    let over = false;
    const end = (reason: string, byPeer = false): void => {
      if (over) return;
      over = true;
      this.clock.cancel(timer);
      if (!byPeer) there(() => far.emit('close'));
      this.clock.after(0, () => events.onEnd({ byPeer, reason, fault: 'other' }));
    };
    let timer = this.clock.after(timing.connectMs, () => end('no TCP connection'));
    const read = (text: string): void => {
      if (over) return;
      const found = decoder.push(Buffer.from(text));
      events.onMessages(found.flatMap((it) => (it.kind === 'message' ? [it.message] : [])));
    };
    const send = (text: string): void => {
      this.#count(text);
      back(() => read(text));
    };
    const far = new ServerEnd(own, send, () => back(() => end('the peer closed it', true)));
    const connected = (server: MemoryServer): void => {
      this.clock.cancel(timer);
      timer = this.clock.after(timing.handshakeMs, () => end('no hello'));
      events.onAnswered();
      // TLS 1.3 takes one more way there and back.
      there(() => {
        server.emit('connection', far);
        back(() => over || events.onSecure({ ok: true, node: undefined, manager: true }));
      });
    };
    there(() =>
      back(() => {
        const server = this.listeners.get(address);
        if (over) return;
        if (server === undefined) end('refused', true);
        else connected(server);
      }),
    );
    return {
      send: (messages) => {
        const text = messages.map(encode).join('');
        this.#count(text);
        there(() => far.receive(Buffer.from(text)));
      },
      established: () => this.clock.cancel(timer),
      end: (reason) => end(reason),
    };
  }
}
