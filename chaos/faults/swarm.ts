/** Changes of the Swarm: roles, availability, members, certificates. */
import { addHost, rebootHost, removeHost } from '../../lab/change.ts';
import { loadUsrImage } from '../../lab/image.ts';
import type { LabHost } from '../../lab/lab.ts';
import { until } from '../../lab/run.ts';
import { joinSwarm, leaveSwarm } from '../../lab/swarm.ts';
import { manager } from '../scene.ts';
import type { Fault, Site } from './fault.ts';
import { abandoned } from './gone.ts';
import { nodeIs, nodeOf } from './nodes.ts';

/** Changes a node. Swarm refuses ("update out of sequence") while it changes it itself. */
function tell({ lab }: Site, ...change: readonly string[]): Promise<string> {
  return until(() => manager(lab).docker(['node', ...change], { timeoutMs: 60_000 }), {
    what: `docker node ${change.join(' ')}`,
    timeoutMs: 60_000,
    everyMs: 500,
  });
}

export const demoted: Fault = {
  name: 'manager demoted and promoted',
  victims: 'second-manager',
  lossless: true,
  inflict: async (site, victim) => {
    const { ID } = await nodeOf(site, victim);
    const isManager = async (): Promise<boolean> =>
      (await victim.api<{ Swarm: { ControlAvailable: boolean } }>('GET', '/info')).Swarm
        .ControlAvailable;
    const becomes = (wanted: boolean): Promise<true> =>
      until(async () => (await isManager()) === wanted || undefined, {
        what: `${victim.name} ${wanted ? 'promoted' : 'demoted'}`,
        timeoutMs: 60_000,
        everyMs: 200,
      });
    await tell(site, 'demote', ID);
    await becomes(false);
    await tell(site, 'promote', ID);
    await becomes(true);
    await nodeIs(site, victim, 'ready');
    return Date.now();
  },
};

export const drained: Fault = {
  name: 'node drained and active again',
  victims: 'any',
  lossless: true,
  inflict: async (site, victim) => {
    const { ID } = await nodeOf(site, victim);
    await tell(site, 'update', '--availability', 'drain', ID);
    await withoutTasks(victim);
    await tell(site, 'update', '--availability', 'active', ID);
    return Date.now();
  },
};

function withoutTasks(host: LabHost): Promise<true> {
  const filter = ['--filter', 'label=com.docker.swarm.service.name'];
  return until(async () => (await host.docker(['ps', '-q', ...filter])) === '' || undefined, {
    what: `${host.name} without tasks`,
    timeoutMs: 60_000,
    everyMs: 200,
  });
}

export const rejoined: Fault = {
  name: 'node left and rejoined anew',
  victims: 'worker',
  lossless: false,
  inflict: async (site, victim) => {
    const { ID } = await nodeOf(site, victim);
    await site.scene.removeFrom(victim);
    await leaveSwarm(victim);
    await manager(site.lab).docker(['node', 'rm', '--force', ID]);
    await abandoned(site, victim);
    await joinSwarm(victim, { first: manager(site.lab), underlay: 'ipv4' });
    await nodeIs(site, victim, 'ready');
    await site.scene.runOn(victim);
    return Date.now();
  },
};

export const added: Fault = {
  name: 'host added, used and taken away',
  victims: 'any',
  lossless: true,
  inflict: async (site) => {
    const host = await addHost(site.lab);
    await loadUsrImage(host);
    await site.scene.runOn(host);
    await site.recovered();
    const { ID } = await nodeOf(site, host);
    await removeHost(site.lab);
    await nodeIs(site, host, 'down');
    await abandoned(site, host);
    await manager(site.lab).docker(['node', 'rm', '--force', ID]);
    return Date.now();
  },
};

export const rebooted: Fault = {
  name: 'host rebooted',
  victims: 'any',
  lossless: false,
  inflict: async (site, victim) => {
    await rebootHost(site.lab, victim);
    await nodeIs(site, site.lab.host(victim.name), 'ready');
    return Date.now();
  },
};

export const rotated: Fault = {
  name: 'certificates rotated',
  victims: 'any',
  lossless: true,
  inflict: async ({ lab }) => {
    const since = Date.now();
    // Without --detach it ends when every node has a certificate of the new root.
    await manager(lab).docker(['swarm', 'ca', '--rotate', '--quiet'], { timeoutMs: 120_000 });
    return since;
  },
};
