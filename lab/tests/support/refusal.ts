/** Why a host does not take the tasks of a network. */
import { IMAGE } from '../../kit/containers.ts';
import { removeServices, SERVICE_MOUNTS } from '../../kit/vip.ts';
import type { Lab, LabHost } from '../../lab.ts';
import { until } from '../../run.ts';

const NAME = 'refused';

/**
 * Has a host get a task of a service on a network, and waits until it is refused.
 * @returns the task's error; empty when it runs instead
 */
export async function refusal(lab: Lab, host: LabHost, network: string): Promise<string> {
  const [manager] = lab.hosts as [LabHost];
  const { Name } = await host.api<{ Name: string }>('GET', '/info');
  await manager.docker([
    ...['service', 'create', '--detach', '--name', NAME, '--no-resolve-image'],
    ...['--network', network, '--constraint', `node.hostname==${Name}`, ...SERVICE_MOUNTS],
    ...[IMAGE, '/usr/bin/sleep', 'infinity'],
  ]);
  try {
    const list = ['service', 'ps', '--no-trunc', '--format', '{{.CurrentState}} {{.Error}}', NAME];
    return await until(
      async () => {
        const said = await manager.docker(list);
        if (said.startsWith('Running')) return '';
        return /"(.+)"/.exec(said)?.[1];
      },
      { what: `a task refused by ${host.name}`, timeoutMs: 30_000, everyMs: 100 },
    );
  } finally {
    await removeServices(lab, NAME);
  }
}
