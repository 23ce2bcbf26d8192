import { expect, it } from 'vitest';
import { Confirming } from './confirming.ts';
import type { ClientMessage } from './messages.ts';
import { publisher, subscriber } from './testing/agents.ts';
import { useNodes } from './testing/nodes.ts';
import { endpoint, host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

const nodes = useNodes();

const ofA = (...ends: number[]) => host('node-a', { net1: network(...ends) });

/** A kernel that takes what it is told when a test lets it. */
function slowKernel() {
  const turns: (() => void)[] = [];
  return {
    inForce: () => new Promise<void>((resolve) => turns.push(resolve)),
    turns,
    take: async () => {
      await until(() => turns.length > 0, { what: 'a turn of the kernel' });
      turns.shift()?.();
    },
  };
}

/** Whether node-b's kernel has the last container that came to the network. */
const stateOf = (from: Awaited<ReturnType<typeof publisher>>): boolean | undefined =>
  from.confirmed('net1', from.mark('net1') ?? 0).get('node-b');

const confirmed = (from: Awaited<ReturnType<typeof publisher>>): Promise<boolean> =>
  until(() => stateOf(from) === true, { what: 'a confirmation' });

it('a container is confirmed when the other host’s kernel has it, and not before', async () => {
  let heard = 0;
  const from = await publisher(nodes.a, { onConfirmed: () => heard++ });
  const kernel = slowKernel();
  from.publish(ofA(1));
  const to = subscriber(nodes.b, from.port, { inForce: kernel.inForce });
  await to.until(({ networks }) => networks.size === 1);
  expect(stateOf(from)).toBe(false);
  await kernel.take();
  await confirmed(from);
  from.publish(ofA(1, 2));
  expect(stateOf(from)).toBe(false);
  await to.until(({ networks }) => networks.get('net1')?.endpoints.length === 2);
  expect(stateOf(from)).toBe(false);
  await kernel.take();
  await confirmed(from);
  expect(heard).toBe(2);
});

it('what comes while the kernel is busy is confirmed together, after another turn', async () => {
  const from = await publisher(nodes.a);
  const kernel = slowKernel();
  from.publish(ofA(1));
  const to = subscriber(nodes.b, from.port, { inForce: kernel.inForce });
  await until(() => kernel.turns.length === 1, { what: 'the first turn' });
  const first = from.mark('net1') ?? 0;
  for (const n of [2, 3, 4]) from.publish(ofA(1, n));
  await to.until(({ networks }) => networks.get('net1')?.endpoints[1]?.ip === '10.0.0.4');
  await kernel.take();
  await until(() => from.confirmed('net1', first).get('node-b'), { what: 'the first' });
  expect(stateOf(from)).toBe(false);
  await kernel.take();
  await confirmed(from);
  expect(kernel.turns).toEqual([]);
});

it('a change of groups or services, by which no container comes, is not waited for', async () => {
  const from = await publisher(nodes.a);
  const kernel = slowKernel();
  from.publish(ofA(1));
  const to = subscriber(nodes.b, from.port, { inForce: kernel.inForce });
  await kernel.take();
  await confirmed(from);
  const mark = from.mark('net1');
  const service = { name: 'web', vip: '10.0.0.99', serving: true };
  const served = { ...network(1), endpoints: [{ ...endpoint(1), service }] };
  from.publish(host('node-a', { net1: served }));
  await to.until(({ networks }) => networks.get('net1')?.endpoints[0]?.service !== undefined);
  expect(from.mark('net1')).toBe(mark);
  expect(stateOf(from)).toBe(true);
  expect(kernel.turns).toEqual([]);
});

it('a host of a release that does not confirm is not waited for', async () => {
  const from = await publisher(nodes.a);
  from.publish(ofA(1));
  const to = subscriber(nodes.b, from.port);
  await to.until(({ networks }) => networks.size === 1);
  from.publish(ofA(1, 2));
  expect(stateOf(from)).toBe(true);
});

it('a host that does not listen, or not to that network, is in no list', async () => {
  const from = await publisher(nodes.a);
  expect(from.mark('net1')).toBeUndefined();
  from.publish(ofA(1));
  expect(stateOf(from)).toBeUndefined();
  const to = subscriber(nodes.b, from.port, { inForce: async () => {} });
  await confirmed(from);
  to.setWanted(['net2']);
  await until(() => stateOf(from) === undefined, { what: 'the end of the wish' });
  to.setWanted(['net1']);
  await confirmed(from);
});

it('after a new session everything is confirmed anew', async () => {
  const first = await publisher(nodes.a);
  first.publish(ofA(1));
  const to = subscriber(nodes.b, first.port, { inForce: async () => {} });
  await confirmed(first);
  await first.close();
  const second = await publisher(nodes.a, { port: first.port });
  second.publish(ofA(1));
  await to.until(({ state }) => state === 'up');
  await confirmed(second);
});

it('nothing of a publisher’s earlier life counts, and nothing that it never said', async () => {
  const sent: ClientMessage[] = [];
  const at = { network: 'net1', epoch: 'e', seq: 3 };
  const confirming = new Confirming({
    inForce: async () => {},
    position: (id) => (id === 'net1' ? at : undefined),
    send: (message) => void sent.push(message),
  });
  const told = { type: 'snapshot', epoch: 'e', seq: 3, record: {} } as const;
  confirming.heard({ ...told, network: 'net1' });
  await confirming.settle();
  expect(sent).toEqual([]);
  confirming.heard({ ...told, network: 'net1', confirm: true });
  // Its record was refused: the position is not known.
  confirming.heard({ ...told, network: 'net2', confirm: true });
  await confirming.settle();
  expect(sent).toEqual([{ type: 'in-force', at: [at] }]);
  confirming.heard({ ...told, network: 'net1', confirm: true });
  confirming.reset();
  await confirming.settle();
  expect(sent).toHaveLength(1);
});
