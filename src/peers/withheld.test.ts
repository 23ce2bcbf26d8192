import { expect, it } from 'vitest';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';

/** A network whose id a node knows, but in which it takes no part. */

const { credentials: node } = useSwarm();

it('is as one that this host has not, until it takes part, and again afterwards', async () => {
  let hears = false;
  const from = await publisher(await node('node-a'), {
    mayHear: ({ node: who }, id) => who === 'node-b' && (id === 'net2' || hears),
  });
  from.publish(host('node-a', { net1: network(1), net2: network(2) }));
  const to = subscriber(await node('node-b'), from.port, { wanted: ['net1', 'net2'] });
  await to.until(({ awaited, state }) => state === 'up' && !awaited);
  expect([...to.view().networks.keys()]).toEqual(['net2']);
  // What changes meanwhile is not told either.
  from.publish(host('node-a', { net1: network(1, 3), net2: network(2, 4) }));
  await to.until(({ networks }) => networks.get('net2')?.endpoints.length === 2);
  expect(to.view().networks.has('net1')).toBe(false);
  hears = true;
  from.readmit();
  await to.until(({ networks }) => networks.get('net1')?.endpoints.length === 2);
  from.publish(host('node-a', { net1: network(1), net2: network(2) }));
  await to.until(({ networks }) => networks.get('net1')?.endpoints.length === 1);
  hears = false;
  from.readmit();
  await to.until(({ networks }) => !networks.has('net1'));
  expect(to.view().networks.has('net2')).toBe(true);
});

it.each([
  ['swarm-manager', true],
  ['swarm-worker', false],
])(
  'who asks is told to the answerer, with the role of its certificate: %s',
  async (role, manager) => {
    const asked: unknown[] = [];
    const from = await publisher(await node('node-a'), {
      answer: async (what, _args, by) => void asked.push(what, by),
    });
    const to = subscriber(await node('node-b', { role }), from.port);
    await to.until(({ state }) => state === 'up');
    await to.ask('report', {}, { timeoutMs: 1000 });
    expect(asked).toMatchObject(['report', { node: 'node-b', address: '127.0.0.1', manager }]);
  },
);
