import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

export interface Where {
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
}

/** Most texts that are kept of what was heard; a trial sends three to each port from each host. */
const HEARD_MOST = 10_000;

const open = new Set<Server | Socket>();
const heard = new Set<string>();

/**
 * Listens at each port on all addresses, as Docker and castnet will.
 * @returns those that it could not listen at, with the system's code
 */
export async function listen(ports: readonly Where[]): Promise<(Where & { code: string })[]> {
  const busy = await Promise.all(
    ports.map(async (it) => {
      const code = await (it.proto === 'tcp' ? listenTcp(it.port) : listenUdp(it.port));
      return code === undefined ? [] : [{ ...it, code }];
    }),
  );
  return busy.flat();
}

/** Closes all. @returns what was heard by UDP: `PORT TEXT`, each once */
export async function stopListening(): Promise<string[]> {
  for (const it of open) it.close();
  open.clear();
  const found = [...heard];
  heard.clear();
  return found;
}

function listenTcp(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end();
    });
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, () => {
      open.add(server);
      resolve(undefined);
    });
  });
}

async function listenUdp(port: number): Promise<string | undefined> {
  // A host without IPv6 has no socket of both families.
  const code = await bindUdp('udp6', port);
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' ? bindUdp('udp4', port) : code;
}

function bindUdp(type: 'udp4' | 'udp6', port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    socket.on('message', (bytes) => {
      if (heard.size < HEARD_MOST) heard.add(`${port} ${bytes.toString('utf8', 0, 200)}`);
    });
    socket.bind(port, () => {
      open.add(socket);
      resolve(undefined);
    });
  });
}
