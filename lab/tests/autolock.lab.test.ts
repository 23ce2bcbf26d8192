/** A Swarm with autolock: the agent says what it needs, and a pre-shared key is all it needs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostReport } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import { type Container, createNetwork, removeContainers, runContainer } from '../kit/stack.ts';
import { closeStations, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const PLUGIN = 'castnet:latest';
/** Where every host may keep it; gone with the lab. */
const SECRET = '/run/castnet-psk';

const lab = useLab('autolock', { hosts: 2 });
let containers: Container[] = [];

beforeAll(async () => {
  await createNetwork(lab(), 'locked');
  for (const host of lab().hosts) {
    containers.push(await runContainer(host, { network: 'locked', name: `locked-${host.name}` }));
  }
  await settled(lab(), 'locked');
});
afterAll(async () => {
  await removeContainers(containers);
  containers = [];
});

async function restart(host: LabHost, source?: string): Promise<void> {
  await host.docker(['plugin', 'disable', '-f', PLUGIN]);
  if (source !== undefined) await host.docker(['plugin', 'set', PLUGIN, `psk.source=${source}`]);
  await host.docker(['plugin', 'enable', PLUGIN]);
}

it('without a pre-shared key an agent that starts says which setting it takes', async () => {
  const [h1] = lab().hosts as [LabHost];
  const spec = await h1.api<{ Version: { Index: number }; Spec: object }>('GET', '/swarm');
  const change = { ...spec.Spec, EncryptionConfig: { AutoLockManagers: true } };
  await h1.api('POST', `/swarm/update?version=${spec.Version.Index}`, change);
  const key = '/var/lib/docker/swarm/certificates/swarm-node.key';
  for (const host of lab().hosts) {
    await until(
      async () => ((await host.exec(['cat', key])).stdout.includes('ENCRYPTED') ? true : undefined),
      { what: `${host.name}: an encrypted key`, timeoutMs: 30_000 },
    );
  }
  await restart(h1);
  const { problem } = await until(
    async () => {
      const report = await hostReport(h1);
      return report.problem === undefined ? undefined : report;
    },
    { what: 'a problem in the report', timeoutMs: 20_000 },
  );
  expect(problem).toContain('--set psk.source=');
});

it('with one on every host all is as before', async () => {
  for (const host of lab().hosts) {
    await host.exec(['sh', '-c', `umask 077; printf %064d 7 > ${SECRET}`]);
    await restart(host, SECRET);
  }
  await until(
    async () => {
      for (const host of lab().hosts) {
        const { peers, problem } = await hostReport(host);
        if (problem !== undefined) throw new Error(problem);
        if (!peers.some((it) => it.state === 'up')) throw new Error(`${host.name} has no session`);
      }
      return true;
    },
    { what: 'sessions by the pre-shared key', timeoutMs: 30_000 },
  );
  await settled(lab(), 'locked');
  const stations = await startStations(containers);
  const [one, two] = stations;
  if (one === undefined || two === undefined) throw new Error('no stations');
  await one.say({ to: two.container.ip, tag: 'locked', count: 5 });
  await two.hears(one, { tag: 'locked', count: 5 });
  await closeStations(stations);
});
