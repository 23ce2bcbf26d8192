import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** The kernel tries again after one second and after three: milliseconds. */
const TCP_MS = 3_500;
/** One may be lost. */
const TIMES = 3;
const BETWEEN_MS = 100;

/** @returns ok, or the system's code when no connection is made */
export function reachTcp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (result: string): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(TCP_MS, () => end('no answer'));
    socket.once('connect', () => end('ok'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** Sends a text several times. @returns ok, or the system's code */
export async function sendUdp(to: {
  address: string;
  port: number;
  text: string;
}): Promise<string> {
  const { address, port, text } = to;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let result = 'ok';
  socket.on('error', (error: NodeJS.ErrnoException) => {
    result = error.code ?? error.message;
  });
  for (let time = 0; time < TIMES; time++) {
    if (time > 0) await delay(BETWEEN_MS);
    const code = await new Promise<string | undefined>((resolve) =>
      socket.send(text, port, address, (error) =>
        resolve(
          error === null ? undefined : ((error as NodeJS.ErrnoException).code ?? error.message),
        ),
      ),
    );
    if (code !== undefined) result = code;
  }
  socket.close();
  return result;
}
