import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SessionFault } from '../contract/report.ts';
import type { Credentials, Proof } from './credentials.ts';
import { MAX_LINE, type Timing } from './limits.ts';
import { type ClientMessage, type ServerMessage, serverSchemas } from './messages.ts';
import { sessionSecret } from './session-secret.ts';
import { Decoder, encode } from './wire.ts';

/** The sockets of a subscriber: one connection to a peer's publisher, and the bare probe. */

const VERIFY_ERRORS = /CERT|SELF_SIGNED|^UNABLE_TO|^INVALID_(CA|PURPOSE)$/;

/** Errors that a living kernel sends; others (no route, timeout) may mean that nobody is there. */
export function isAnswer(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
}

function explain(error: NodeJS.ErrnoException): string {
  const { code = '', message } = error;
  // OpenSSL's own words carry a number that differs from thread to thread, and help nobody.
  if (code.startsWith('ERR_SSL_')) return `the TLS handshake failed (${code})`;
  if (VERIFY_ERRORS.test(code)) return `the peer's certificate is not of this Swarm: ${message}`;
  return message;
}

const UNREACHABLE = /^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|ENETDOWN)$/;

function faultOf({ code = '' }: NodeJS.ErrnoException): SessionFault {
  if (code === 'ECONNREFUSED') return 'refused';
  if (UNREACHABLE.test(code)) return 'unreachable';
  return VERIFY_ERRORS.test(code) ? 'certificate' : 'other';
}

/** How a connection ended. */
export interface Ending {
  /** Whether the other side ended it, so that its kernel lives. */
  readonly byPeer: boolean;
  readonly reason: string;
  readonly fault: SessionFault;
}

export interface DialEvents {
  /** The peer's kernel took the connection. */
  onAnswered(): void;
  /** Its agent has not answered in time; the connection waits on, for it may be stopped. */
  onMute(reason: string): void;
  /** The handshake is done; the other side proved to be this. */
  onSecure(proof: Proof & { ok: true }): void;
  /** Bytes have come. @returns whether they are to be read */
  onBytes?(count: number): boolean;
  /** All messages of one chunk; empty when the bytes end no message. */
  onMessages(messages: ServerMessage[]): void;
  /** Once, last. */
  onEnd(ending: Ending): void;
}

export interface Connection {
  send(messages: readonly ClientMessage[]): void;
  /** The peer has said hello: the time for the handshake no longer runs. */
  established(): void;
  /** Ends it; `onEnd` follows with this reason. */
  end(reason: string, fault?: SessionFault): void;
  /** A secret of its two ends for a context (`sessionSecret`); one that is not TLS has none. */
  secret?(context: string): string;
}

/**
 * The kernel asks an idle connection's other end after a second, then each second, ten times
 * (tcp(7), TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT; the latter two are Node's own).
 */
const KEEP_ALIVE_MS = 1000;

/**
 * Opens a connection to the publisher at `address`. Never throws: a failure is an ending.
 *
 * A stopped agent's listening socket takes connections until its accept queue is full, and each
 * that is given up stays in that queue. So a connection that nobody has answered yet waits, as long
 * as its other end is there, instead of being made anew.
 */
export function dial(options: {
  address: string;
  port: number;
  credentials: Credentials;
  timing: Timing;
  events: DialEvents;
}): Connection {
  const { address, port, credentials, timing, events } = options;
  const decoder = new Decoder(serverSchemas, { maxLine: MAX_LINE });
  let ending: Ending | undefined;
  let isSecure = false;
  const socket = connectTls({ ...credentials.clientOptions(), host: address, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);

  function end(reason: string, fault: SessionFault = 'other'): void {
    ending ??= { byPeer: false, reason, fault };
    socket.destroy();
  }
  let timer = setTimeout(
    () => end(`no TCP connection within ${timing.connectMs} ms`, 'unreachable'),
    timing.connectMs,
  );

  socket.on('connect', () => {
    clearTimeout(timer);
    const mute = `the peer said no hello within ${timing.handshakeMs} ms`;
    timer = setTimeout(
      () => (isSecure ? end(mute, 'mute') : events.onMute(mute)),
      timing.handshakeMs,
    );
    events.onAnswered();
  });
  socket.on('secureConnect', () => {
    isSecure = true;
    const proof = credentials.identify(socket);
    if (proof.ok) events.onSecure(proof);
    else end(proof.reason);
  });
  socket.on('data', (chunk: Buffer) => {
    if (ending || events.onBytes?.(chunk.length) === false) return;
    const messages: ServerMessage[] = [];
    let fault: string | undefined;
    for (const decoded of decoder.push(chunk)) {
      if (decoded.kind === 'message') messages.push(decoded.message);
      if (decoded.kind === 'fault') fault = decoded.fault.reason;
    }
    events.onMessages(messages);
    if (fault) end(fault);
  });
  socket.on('end', () => {
    ending ??= { byPeer: true, reason: 'the peer closed the connection', fault: 'other' };
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending ??= { byPeer: isAnswer(error), reason: explain(error), fault: faultOf(error) };
  });
  socket.on('close', () => {
    clearTimeout(timer);
    events.onEnd(ending ?? { byPeer: false, reason: 'the connection was lost', fault: 'other' });
  });

  return {
    send: (messages) => {
      if (!socket.destroyed) socket.write(messages.map(encode).join(''));
    },
    established: () => clearTimeout(timer),
    end,
    secret: (context) => sessionSecret(socket, context),
  };
}

/** A bare connection to a host. */
export interface Probe {
  /** Whether its kernel has taken the connection, and keeps it. */
  isOpen(): boolean;
  cancel(): void;
}

/**
 * Asks the host's kernel for a sign of life by a bare TCP connection, which needs no agent: a
 * listening socket takes it even while its process is stopped, a closed port refuses it.
 *
 * It is kept, as a lasting sign: the next one would take another place in the queue of a stopped
 * agent. Nothing is sent, for the kernel asks only a connection that is idle whether it is still there,
 * so that a host that goes is noticed after 11 s.
 */
export function probe(options: {
  address: string;
  port: number;
  timeoutMs: number;
  /** Its kernel took the connection. */
  onAnswered: () => void;
  /** Once, last. `byPeer`: a living kernel refused or ended it. */
  onEnd: (byPeer: boolean) => void;
}): Probe {
  const { address, port, timeoutMs, onAnswered, onEnd } = options;
  const socket = connectTcp({ host: address, port });
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  let state: 'tried' | 'open' | 'over' = 'tried';
  const end = (byPeer: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    if (state !== 'over') onEnd(byPeer);
    state = 'over';
  };
  const timer = setTimeout(() => end(false), timeoutMs);
  socket.on('connect', () => {
    clearTimeout(timer);
    state = 'open';
    onAnswered();
  });
  // Whatever is said is read and dropped, or the end would not be seen.
  socket.resume();
  socket.on('end', () => end(true));
  socket.on('error', (error: NodeJS.ErrnoException) => end(isAnswer(error)));
  return {
    isOpen: () => state === 'open',
    cancel() {
      state = 'over';
      end(false);
    },
  };
}
