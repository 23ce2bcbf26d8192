import { connect, type Socket } from 'node:net';
import { it } from 'vitest';
import type { PublisherOptions } from './publisher.ts';
import { atEnd, publisher, subscriber } from './testing/agents.ts';
import { useNodes } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

const nodes = useNodes();

/** Two handshakes at a time; a connection that was ended is not made anew while the test runs. */
async function publishing(
  isListed: (address: string) => boolean,
  more: PublisherOptions['limits'] = {},
) {
  const limits: PublisherOptions['limits'] = {
    ...{ handshakes: 2, handshakesPerHost: 100, sessions: 100, sessionsPerNode: 100 },
    ...more,
  };
  const made = await publisher(nodes.a, { isListed, limits });
  made.publish(host('node-a', { net1: network(1) }));
  return made;
}

const once = { timing: { backoffMs: 60_000, backoffMaxMs: 60_000 } };

/** Connections from an address of loopback that say only this. */
function idle(port: number, count: number, from: { localAddress?: string; text?: string }) {
  return Array.from({ length: count }, () => {
    const { text = '', localAddress = '127.0.0.1' } = from;
    const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => {});
    atEnd(() => void socket.destroy());
    socket.resume().write(text);
    return socket;
  });
}

const closed = (sockets: readonly Socket[]): number =>
  sockets.filter((socket) => socket.closed).length;

it('many listed hosts that come at once are all heard at their first try', async () => {
  const { port, sessions } = await publishing(() => true);
  const all = Array.from({ length: 50 }, () => subscriber(nodes.b, port, once));
  await until(() => sessions().length === all.length, { what: 'all sessions' });
  for (const one of all) await one.until(({ networks }) => networks.size === 1);
});

it('who is listed and says nothing, or nonsense, keeps no other out', async () => {
  const { port } = await publishing(() => true);
  idle(port, 30, {});
  const fools = idle(port, 30, { text: 'GET / HTTP/1.1\r\n\r\n' });
  await subscriber(nodes.b, port, once).until(({ state }) => state === 'up');
  await until(() => closed(fools) === fools.length, { what: 'those who talk nonsense to end' });
});

it('who is not listed keeps no listed host out, however many they are', async () => {
  const { port } = await publishing((address) => address === '127.0.0.1');
  const strangers = idle(port, 30, { localAddress: '127.0.0.2' });
  await subscriber(nodes.b, port, once).until(({ state }) => state === 'up');
  await until(() => closed(strangers) === 28, { what: 'the oldest strangers to end' });
});

it('one listed address has so many connections and no more, and they end in time', async () => {
  const { port } = await publishing(() => true, { handshakesPerHost: 3, handshakeMs: 300 });
  const sockets = idle(port, 10, {});
  await until(() => closed(sockets) === 7, { what: 'the oldest to end' });
  await until(() => closed(sockets) === 10, { what: 'all to end' });
});
