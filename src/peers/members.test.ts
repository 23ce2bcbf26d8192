import { expect, it } from 'vitest';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

/** Who was taken out of the Swarm still has a certificate: the managers' list of nodes tells. */

const { credentials: node } = useSwarm();

it('a removed node’s session ends at once, and it is let in no more', async () => {
  let members = ['node-a', 'node-b'];
  const from = await publisher(await node('node-a'), {
    admit: (peer) => members.includes(peer.node) || 'not of this Swarm any more',
  });
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(await node('node-b'), from.port);
  await to.until((view) => view.networks.size === 1);
  members = ['node-a'];
  from.review();
  await to.until((view) => view.lastError?.includes('not of this Swarm any more') === true);
  expect(from.sessions()).toEqual([]);
});

it('what a removed node said is dropped at once, and it is not listened to again', async () => {
  let members = ['node-a', 'node-b'];
  const from = await publisher(await node('node-a'));
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(await node('node-b'), from.port, {
    isMember: (it) => members.includes(it),
  });
  await to.until((view) => view.networks.size === 1);
  members = ['node-b'];
  to.review();
  expect(to.view().networks.size).toBe(0);
  await to.until((view) => view.lastError?.includes('node-a is not of this Swarm') === true);
  await until(() => from.sessions().length === 0, { what: 'the end of the session' });
  members = ['node-a', 'node-b'];
  await to.until((view) => view.networks.size === 1);
});

it('a manager’s list of nodes reaches those who listen, at once and whenever it changes', async () => {
  const from = await publisher(await node('node-a'));
  from.setNodes(['node-a', 'node-b']);
  const to = subscriber(await node('node-b', { role: 'swarm-worker' }), from.port);
  await to.until(({ nodes }) => nodes?.size === 2);
  from.setNodes(['node-a']);
  await to.until(({ nodes }) => nodes?.size === 1);
  from.setNodes([]);
  await to.until(({ nodes }) => nodes === undefined);
});

it('a worker’s list counts for nothing', async () => {
  const from = await publisher(await node('node-a', { role: 'swarm-worker' }));
  from.setNodes(['node-a']);
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(await node('node-b'), from.port);
  await to.until((view) => view.networks.size === 1);
  expect(to.view().nodes).toBeUndefined();
});
