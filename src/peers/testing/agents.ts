import { connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import type { Credentials } from '../credentials.ts';
import { silentLog } from '../log.ts';
import { createPublisher, type Publisher, type PublisherOptions } from '../publisher.ts';
import {
  createSubscriber,
  type PeerView,
  type Subscriber,
  type SubscriberOptions,
} from '../subscriber.ts';
import { until } from './until.ts';

/** Publishers and subscribers on loopback that end with the test. */

const endings: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Runs when the test is over. */
export function atEnd(end: () => void | Promise<void>): void {
  endings.push(end);
}

export async function publisher(
  credentials: Credentials,
  change: Partial<PublisherOptions> = {},
): Promise<Publisher & { port: number }> {
  const made = createPublisher({
    credentials,
    host: '127.0.0.1',
    port: 0,
    node: credentials.node ?? 'node-a',
    tunnel: '127.0.0.1',
    admit: () => true,
    log: silentLog,
    ...change,
  });
  const { port } = await made.listen();
  atEnd(() => made.close());
  return { ...made, port };
}

/** A subscriber that keeps all its views. */
export function subscriber(
  credentials: Credentials,
  port: number,
  change: Partial<SubscriberOptions> = {},
): Subscriber & { views: PeerView[]; until(look: (view: PeerView) => boolean): Promise<PeerView> } {
  const views: PeerView[] = [];
  const made = createSubscriber({
    address: '127.0.0.1',
    port,
    credentials,
    node: credentials.node ?? 'node-b',
    wanted: ['net1'],
    log: silentLog,
    onChange: (view) => views.push(view),
    ...change,
    timing: { backoffMs: 5, backoffMaxMs: 20, ...change.timing },
  });
  atEnd(() => made.close());
  return {
    ...made,
    views,
    until: (look) =>
      until(() => (look(made.view()) ? made.view() : undefined), {
        what: `a view like ${look}; last ${JSON.stringify(made.view())}`,
      }),
  };
}

/** A relay to a publisher, which can stop passing anything on, as a stopped process does. */
export async function relay(port: number): Promise<{ port: number; freeze(): void; cut(): void }> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((near) => {
    near.on('error', () => {});
    sockets.add(near);
    if (frozen) return;
    const far = connect(port, '127.0.0.1').on('error', () => {});
    sockets.add(far);
    near.on('data', (chunk) => frozen || far.write(chunk)).on('close', () => far.destroy());
    far.on('data', (chunk) => frozen || near.write(chunk)).on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  atEnd(() => {
    cut();
    server.close();
  });
  const address = server.address() as { port: number };
  return {
    port: address.port,
    freeze() {
      frozen = true;
    },
    cut,
  };
}
