/**
 * A service's task, for containers: says its name to whoever asks, by TCP and by UDP, and shuts
 * down gracefully: after SIGTERM it takes no new connection and ends when the last one is closed.
 *
 *   node vip-server.ts PORT [VERSION]
 *
 * Each line of a TCP connection, and each UDP packet, is answered with "NAME VERSION". It prints
 * when it begins and when it ceases to listen, in milliseconds since 1970.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { hostname } from 'node:os';

const [portText = '9000', version = '1'] = process.argv.slice(2);
const port = Number(portText);
const answer = `${hostname()} ${version}`;
const open = new Set<Socket>();

const server = createServer((socket) => {
  open.add(socket);
  socket.on('data', (data: Buffer) => {
    for (const byte of data) if (byte === 10) socket.write(`${answer}\n`);
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
});
const say = (what: string): void => console.log(`${Date.now()} ${answer} ${what}`);
server.listen({ port, backlog: 511 }, () => say('listens'));

const packets = createSocket('udp4');
packets.on('message', (_, from) => packets.send(answer, from.port, from.address));
packets.bind(port);

process.on('SIGTERM', () => {
  say('is to stop');
  packets.close();
  server.close();
});
