import { expect, it } from 'vitest';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';

/** A host that says more than is taken of one. */

const { credentials: node } = useSwarm();

it.each([
  ['messages', { messagesPerSecond: 1, messagesAtOnce: 100 }],
  ['bytes', { bytesPerSecond: 1, bytesAtOnce: 20_000 }],
])('is let go for its %s, and is granted no more by a new session', async (_what, limits) => {
  const from = await publisher(await node('node-a'));
  from.publish(host('node-a', { net1: network(1) }));
  const to = subscriber(await node('node-b'), from.port, { limits });
  await to.until((view) => view.networks.size === 1);
  const flood = () => {
    for (let n = 0; n < 200; n++) from.publish(host('node-a', { net1: network(1, 2 + (n % 2)) }));
  };
  flood();
  const late = await to.until(({ lastError }) => lastError === 'it says too much');
  // What it said before stays: its kernel forwards.
  expect(late.networks.size).toBe(1);
  const sessions = to.views.filter((it) => it.state === 'up').length;
  await to.until(() => to.views.length > sessions + 1 || to.view().lastError !== undefined);
  expect(to.view().lastError).toBe('it says too much');
});

it('what a host says to people has no line breaks and no orders to a terminal', async () => {
  const from = await publisher(await node('node-a'), {
    admit: () => 'no\u001b[2J\nentry',
  });
  const to = subscriber(await node('node-b'), from.port);
  await to.until(({ lastError }) => lastError === 'the peer refuses this host: no [2J entry');
});
