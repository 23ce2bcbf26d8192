import { connect } from 'node:net';
import type { TcpOutcome } from '../net/tcp.ts';

/** Tries a TCP connection, and gives it up again. */
export function tryTcp(address: string, port: number, timeoutMs: number): Promise<TcpOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const done = (outcome: TcpOutcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => done('unreachable'), timeoutMs);
    socket.once('connect', () => done('open'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      done(code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'unreachable'),
    );
  });
}
