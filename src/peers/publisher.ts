import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { HostRecord } from '../core/records.ts';
import type { Credentials } from './credentials.ts';
import { Handshakes } from './handshakes.ts';
import { PUBLISHER_LIMITS, type PublisherLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { ServerMessage } from './messages.ts';
import { Published } from './published.ts';
import {
  type Answerer,
  PublisherSession,
  remoteAddress,
  type SessionHost,
  type SessionInfo,
} from './publisher-session.ts';
import { encode } from './wire.ts';

export interface PublisherOptions {
  readonly credentials: Credentials;
  /** The address to listen at. */
  readonly host: string;
  /** The TCP port; 0 takes a free one, which `listen` answers. */
  readonly port: number;
  /** This host's Swarm node id. */
  readonly node: string;
  /** Where this host takes VXLAN packets, until a record says otherwise. */
  readonly tunnel: string;
  /** Whether a peer that proved its identity may subscribe; a text says why not. */
  readonly admit: (peer: RemotePeer) => true | string;
  /** Whether a peer takes part in a network; by default every one does. */
  readonly mayHear?: (peer: RemotePeer, network: string) => boolean;
  /**
   * Called once for each peer that begins to listen. It hears of networks only when what is
   * returned has settled.
   */
  readonly onSubscribed?: (peer: RemotePeer) => Promise<void> | undefined;
  /** A peer's kernel has more of what it was told than before: see `confirmed`. */
  readonly onConfirmed?: () => void;
  /** Answers `ask`; without it every request fails. */
  readonly answer?: Answerer;
  readonly log: Log;
  readonly limits?: Partial<PublisherLimits>;
  /** Whether a host of the Swarm is known at an address; by default at none. */
  readonly isListed?: (address: string) => boolean;
  /** What listens, and what makes handshakes; by default TCP and TLS, the bench has some in memory. */
  readonly servers?: { readonly listener: Server; readonly secure: TlsServer };
  /** Milliseconds of any clock that never goes back. */
  readonly now?: () => number;
}

const endOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

/** A peer that listens: its Swarm node id, and where it comes from. */
export interface RemotePeer {
  readonly node: string;
  readonly address: string;
  /** Where its VXLAN packets come from, if it said so. */
  readonly tunnel?: string;
}

export interface Publisher {
  /** @throws Error (EADDRINUSE, EADDRNOTAVAIL…) when the address cannot be listened at */
  listen(): Promise<{ address: string; port: number }>;
  /** Pushes what changed since the last record, before it returns. */
  publish(record: HostRecord): void;
  /** Tells all who listen, now and later, which nodes the Swarm has; none when it is not known. */
  setNodes(nodes: Iterable<string>): void;
  /** Ends the sessions that `admit` no longer lets in, after the list of peers changed. */
  review(): void;
  /** After `mayHear` may have changed its mind. */
  readmit(): void;
  sessions(): SessionInfo[];
  /** The last change by which containers came to a network; undefined while nothing was told of it. */
  mark(network: string): number | undefined;
  /**
   * Whether the kernel of each node that listens to a network forwards as it was told up to a change. One
   * whose release does not say counts as if it did.
   */
  confirmed(network: string, mark: number): ReadonlyMap<string, boolean>;
  /** Ends every session; the peers keep this host's record, for its kernel still forwards. */
  close(): Promise<void>;
}

/** Makes a publisher; it speaks of networks only once a first record was published. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { credentials, node, admit, log } = options;
  const limits: PublisherLimits = { ...PUBLISHER_LIMITS, ...options.limits };
  const now = options.now ?? (() => performance.now());
  const published = new Published(randomUUID(), options.tunnel);
  const answer: Answerer =
    options.answer ?? (async (what) => Promise.reject(new Error(`nobody here answers "${what}"`)));
  // Bounded by limits.sessions.
  const sessions = new Map<PublisherSession, Socket>();
  let nodesLine = '';

  function line(message: ServerMessage): string {
    const text = encode(message);
    // Counted in characters: what is sent is ASCII, but for the words of an answer.
    if (text.length <= limits.maxLine) return text;
    const fields = { type: message.type, length: text.length, maxLine: limits.maxLine };
    log.warn(fields, 'a message is too long to be sent, left out');
    return '';
  }

  // A refused peer tries again each second; its reason is worth one line, not one each second.
  const warned = new Set<string>();
  function refused(fields: { address: string; reason: string }): void {
    const key = `${fields.address} ${fields.reason}`;
    if (warned.has(key)) {
      log.debug(fields, 'refused a peer again');
      return;
    }
    if (warned.size >= 256) warned.clear();
    warned.add(key);
    log.warn(fields, 'refused a peer');
  }

  const host: SessionHost = {
    node,
    get about() {
      return published.about;
    },
    get epoch() {
      return published.epoch;
    },
    get known() {
      return published.known;
    },
    current: (network) => published.current(network),
    admit,
    mayHear: options.mayHear ?? (() => true),
    answer,
    limits,
    log,
    now,
    line,
    refused,
    onHello: welcome,
    onConfirmed: () => options.onConfirmed?.(),
    onEnd: (session) => sessions.delete(session),
  };

  function welcome(session: PublisherSession): Promise<void> | undefined {
    const raw = sessions.get(session);
    if (raw) handshakes.done(raw);
    const active = [...sessions.keys()].filter((s) => s.active);
    const others = active.filter((s) => s !== session && s.node === session.node);
    const surplus = others.length + 1 - limits.sessionsPerNode;
    for (const old of others.slice(0, Math.max(0, surplus))) old.destroy('the node has newer ones');
    const known = active.filter((s) => s.active).length;
    if (known > limits.sessions) {
      session.refuse(`there are already ${limits.sessions} sessions`);
      return undefined;
    }
    session.write(nodesLine);
    const { node: peer = '', address, tunnel } = session;
    log.debug({ peer, address }, 'a peer subscribed');
    return options.onSubscribed?.({
      node: peer,
      address,
      ...(tunnel === undefined ? {} : { tunnel }),
    });
  }

  const { listener, secure } = options.servers ?? {
    listener: createServer({ noDelay: true }),
    secure: createTlsServer({
      ...credentials.serverOptions(),
      handshakeTimeout: limits.handshakeMs,
    }),
  };
  // By where they come from: TLS does not tell which connection it was handed.
  const begun = new Map<string, Socket>();
  const handshakes = new Handshakes({
    limits,
    isListed: options.isListed ?? (() => false),
    begin(raw) {
      const end = endOf(raw);
      begun.set(end, raw);
      raw.once('close', () => begun.get(end) === raw && begun.delete(end));
      secure.emit('connection', raw);
    },
  });
  listener.on('connection', (raw: Socket) => handshakes.add(raw));

  secure.on('tlsClientError', (error, socket) => {
    log.debug({ address: remoteAddress(socket), reason: error.message }, 'a handshake failed');
    socket.destroy();
  });

  secure.on('secureConnection', (socket: TLSSocket) => {
    const address = remoteAddress(socket);
    socket.on('error', (error) => log.debug({ address, reason: error.message }, 'session error'));
    const proof = credentials.identify(socket);
    if (!proof.ok) {
      refused({ address, reason: proof.reason });
      socket.destroy();
      return;
    }
    const raw = begun.get(endOf(socket));
    const session = new PublisherSession({ socket, host, proof });
    sessions.set(session, raw ?? socket);
  });

  const stopWatching = credentials.onChange(() =>
    secure.setSecureContext(credentials.serverOptions()),
  );
  const sweep = setInterval(
    () => {
      const oldest = now() - limits.idleMs;
      for (const session of sessions.keys()) {
        const { lapsed } = session;
        if (session.heardAt < oldest) session.destroy('it fell silent');
        else if (lapsed !== undefined) session.refuse(lapsed);
      }
    },
    Math.max(50, limits.idleMs / 4),
  ).unref();

  function publish(record: HostRecord): void {
    const first = !published.known;
    const { tunnelChanged, messages } = published.update(record);
    const tunnelLine = tunnelChanged ? encode({ type: 'tunnel', ...published.about }) : '';
    // Each line is made once, however many take it.
    const lines = [...messages].map(([network, message]) => {
      // Whoever misses a change learns of it by the next only: the whole is told, which is always short enough.
      const text = encode(message);
      return [
        network,
        text.length > limits.maxLine ? line(published.current(network)) : text,
      ] as const;
    });
    for (const session of [...sessions.keys()]) {
      if (!session.active) continue;
      const wanted = first ? [] : lines.filter(([network]) => session.wants(network));
      session.write(tunnelLine + wanted.map(([, text]) => text).join(''));
      if (first) session.tellAll();
    }
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(options.port, options.host, limits.backlog, () => {
          listener.off('error', reject);
          listener.on('error', (error) => log.warn({ reason: error.message }, 'listening failed'));
          const { address, port } = listener.address() as AddressInfo;
          resolve({ address, port });
        });
      }),
    publish,
    setNodes(nodes) {
      const next = encode({ type: 'nodes', nodes: [...nodes].sort() });
      if (next === nodesLine) return;
      nodesLine = next;
      for (const session of [...sessions.keys()]) if (session.active) session.write(next);
    },
    review() {
      for (const session of sessions.keys()) {
        if (!session.active || session.node === undefined) continue;
        const admitted = admit({ node: session.node, address: session.address });
        if (admitted !== true) session.refuse(admitted);
      }
    },
    readmit() {
      for (const session of [...sessions.keys()]) if (session.active) session.readmit();
    },
    sessions: () => [...sessions.keys()].flatMap((session) => session.info() ?? []),
    mark: (network) => published.mark(network),
    confirmed(network, mark) {
      const found = new Map<string, boolean>();
      for (const session of sessions.keys()) {
        const { node: peer } = session;
        if (!session.active || peer === undefined || !session.wants(network)) continue;
        found.set(peer, found.get(peer) === true || session.confirmed(network, mark));
      }
      return found;
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(sweep);
        stopWatching();
        listener.close(() => resolve());
        for (const session of sessions.keys()) session.destroy('this agent stops');
        handshakes.close();
      }),
  };
}
