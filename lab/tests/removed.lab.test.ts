/** A node that was taken out of the Swarm, though it goes on and has its certificate still. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PEER_PORT } from '../../plugin/config.ts';
import { hostReport } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { routes, settled } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const CERTIFICATES = '/var/lib/docker/swarm/certificates';

// h1 is a manager; h2, the other worker, hears of the removal from h1's agent alone.
const lab = useLab('removed', { hosts: 3, managers: 1 });
let containers: Container[] = [];

beforeAll(async () => {
  await createNetwork(lab(), 'shared');
  for (const host of lab().hosts) {
    containers.push(await runContainer(host, { network: 'shared', name: `shared-${host.name}` }));
  }
  await settled(lab(), 'shared');
});
afterAll(async () => {
  await removeContainers(containers.filter((it) => it.host.name !== 'h3'));
});

it('is sent nothing, heard no more and told nothing, by managers and workers', async () => {
  const [h1, h2, h3] = ['h1', 'h2', 'h3'].map((it) => lab().host(it)) as [
    LabHost,
    LabHost,
    LabHost,
  ];
  const vni = await vniOf(lab(), 'shared');
  const network = (await hostReport(h1)).networks[0]?.id ?? '';
  const node = (await h3.api<{ Swarm: { NodeID: string } }>('GET', '/info')).Swarm.NodeID;
  // Whoever holds them now may keep a copy for as long as they last.
  await h3.exec(['cp', '-a', CERTIFICATES, '/run/kept']);
  await h1.api('DELETE', `/nodes/${node}?force=true`);
  const began = performance.now();
  for (const host of [h1, h2]) {
    await until(
      async () => {
        const found = await routes(host, vni);
        const left = found.filter((it) => it.includes(h3.address));
        if (left.length > 0) throw new Error(`still led there: ${left.join()}`);
        return true;
      },
      { what: `${host.name}: no entry toward the removed node`, timeoutMs: 10_000, everyMs: 50 },
    );
    const program = [process.execPath, join(ROOT, 'lab/tools/stranger.ts'), 'call', host.address];
    const { stdout } = await h3.exec([...program, String(PEER_PORT), network, '/run/kept', node], {
      timeoutMs: 20_000,
    });
    const { how, read } = JSON.parse(stdout) as { how: string; read: string };
    expect(how, `${host.name}: ${read}`).toBe('ended');
    expect(read).toContain('not of this Swarm any more');
    expect(read).not.toContain('snapshot');
  }
  expect(performance.now() - began).toBeLessThan(20_000);
  containers = containers.filter((it) => it.host !== h3);
});
