/**
 * Erlang's distribution, on which Scalaris stands and which is to be had here: epmd and connections
 * between fixed addresses on three hosts.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runDetached } from '../../lab/kit/containers.ts';
import { createNetwork, removeNetwork } from '../../lab/kit/stack.ts';
import type { LabHost } from '../../lab/lab.ts';
import { inTask, recipe, says, type Task } from '../support/recipe.ts';

const NETWORK = 'ring';
const COOKIE = 'ring';
const IMAGE = 'erlang:25';

const nodeOf = (ip: string): string => `node@${ip}`;

/** Starts a node at its own fixed address; the name and the address may be used again after its end. */
async function startNode(host: LabHost, ip: string): Promise<Task> {
  const name = `ring-${ip.split('.').at(-1)}`;
  const where = ['--network', NETWORK, '--ip', ip];
  const erl = ['erl', '-noinput', '-name', nodeOf(ip), '-setcookie', COOKIE];
  const id = await runDetached(host, name, [...where, IMAGE, ...erl]);
  return { host, id, name, ip };
}

/** What a node answers to a call, such as "erlang nodes", in Erlang's own form. */
const call = (task: Task, what: string): Promise<string> =>
  inTask(task, ['erl_call', '-c', COOKIE, '-name', nodeOf(task.ip), '-a', what]);

/** Waits until a node knows exactly the others. */
async function knows(task: Task, others: readonly Task[]): Promise<void> {
  const wanted = others.map((it) => nodeOf(it.ip)).sort();
  let said = '';
  const list = async (): Promise<string[]> => {
    said = await call(task, 'erlang nodes');
    return (said.match(/node@[\d.]+/g) ?? []).sort();
  };
  await expect.poll(list, { timeout: 20_000 }).toEqual(wanted);
  console.log(`${nodeOf(task.ip)}, erlang:nodes(): ${said}`);
}

await recipe({ directory: import.meta.dirname, images: [IMAGE] }, (site) => {
  let nodes: Task[] = [];
  beforeAll(async () => {
    await createNetwork(site().lab, NETWORK, ['--subnet', '10.80.0.0/24']);
    nodes = await Promise.all(
      site().lab.hosts.map((host, at) => startNode(host, `10.80.0.${11 + at}`)),
    );
  });
  afterAll(async () => {
    await Promise.all(nodes.map(({ host, id }) => host.docker(['rm', '-f', id])));
    await removeNetwork(site().lab, NETWORK);
  });

  it('epmd of every host names the node there', async () => {
    for (const node of nodes) {
      const words = /name node at port \d+/;
      await says(() => inTask(node, ['epmd', '-names']), {
        what: node.name,
        words,
        withinMs: 20_000,
      });
    }
  });

  it('one ping to each makes a mesh of three', async () => {
    const [one, ...others] = nodes as [Task, Task, Task];
    for (const { ip } of others) {
      const words = /pong/;
      const ping = () => call(one, `net_adm ping ['${nodeOf(ip)}']`);
      await says(ping, { what: nodeOf(ip), words, withinMs: 20_000 });
    }
    for (const node of nodes)
      await knows(
        node,
        nodes.filter((it) => it !== node),
      );
  });

  it('a node that dies is off the lists, and comes back at its address on another host', async () => {
    const [one, two, three] = nodes as [Task, Task, Task];
    await three.host.docker(['rm', '-f', three.id]);
    await knows(one, [two]);
    await knows(two, [one]);
    const again = await startNode(site().lab.host('h1'), three.ip);
    nodes = [one, two, again];
    const ping = () => call(again, `net_adm ping ['${nodeOf(one.ip)}']`);
    await says(ping, { what: nodeOf(one.ip), words: /pong/, withinMs: 20_000 });
    for (const node of nodes)
      await knows(
        node,
        nodes.filter((it) => it !== node),
      );
  });
});
