/** Containers that come and go in numbers leave nothing behind, in the kernel or in the agent. */
import { readdir } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { agentPid, healthy, inHost } from '../kit/agent.ts';
import { footprint, inCastnet } from '../kit/kernel.ts';
import {
  type Container,
  containersOn,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const NETWORK = 'many';
const CONTAINERS = 500;
/** So many exist, and are started and stopped again and again, all of a round at once. */
const AT_ONCE = 20;
const ROUNDS = CONTAINERS / AT_ONCE;

const lab = useLab('many', { hosts: 2, managers: 2 });

const stay: Container[] = [];

afterAll(async () => {
  await removeContainers(stay);
  await removeNetwork(lab(), NETWORK);
});

/** Links, tunnel entries and files; groups; rules; and how many files the agent has open. */
async function everything(host: LabHost): Promise<{ traces: string[]; open: number }> {
  const mdb = await inCastnet(host, ['bridge', '-d', 'mdb', 'show']);
  const fdb = await inCastnet(host, ['bridge', 'fdb', 'show']);
  const neighbours = await inCastnet(host, ['ip', 'neigh', 'show']);
  const rules = await inCastnet(host, ['nft', '-s', 'list', 'ruleset']);
  const lines = [mdb, fdb, neighbours, rules].flatMap((it) => it.trim().split('\n'));
  const open = await readdir(inHost(host, `/proc/${await agentPid(host)}/fd`));
  return { traces: [...(await footprint(host)), ...lines].sort(), open: open.length };
}

it(`${CONTAINERS} containers started and stopped leave no link, fdb, nft or file descriptor`, {
  timeout: 600_000,
}, async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  await createNetwork(lab(), NETWORK);
  // One on each host stays, so that there is a network to leave something in.
  for (const host of [h1, h2]) {
    stay.push(await runContainer(host, { network: NETWORK, name: 'stays' }));
  }
  const agents = await Promise.all(lab().hosts.map(agentPid));
  await healthy(lab());
  const before = await Promise.all(lab().hosts.map(everything));
  const made = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) =>
      runContainer(index % 2 === 0 ? h1 : h2, { network: NETWORK, name: `goes-${index}` }),
    ),
  );
  for (const host of [h1, h2]) {
    expect(await containersOn(host, NETWORK)).toHaveLength(AT_ONCE / 2 + 1);
  }
  for (let round = 2; round <= ROUNDS; round++) {
    // Ends it and starts it again, on the network anew.
    await Promise.all(made.map(({ host, id }) => host.docker(['restart', '-t', '0', id])));
  }
  await removeContainers(made);
  await until(
    async () => {
      for (const [index, host] of lab().hosts.entries()) {
        const { traces, open } = await everything(host);
        expect(traces, host.name).toEqual(before[index]?.traces);
        // A look at the kernel or a question to Docker may have one open at the moment.
        expect(open, host.name).toBeLessThanOrEqual((before[index]?.open ?? 0) + 3);
      }
      return true;
    },
    { what: 'everything as before', timeoutMs: 30_000, everyMs: 500 },
  );
  const now = await Promise.all(lab().hosts.map(agentPid));
  expect(now, 'the agents that were there before').toEqual(agents);
});
