/** Encrypted networks, by the kernel's own WireGuard. */
import { healthy, hostReport, killAgent } from '../kit/agent.ts';
import { createNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import { until } from '../run.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const NETWORK = 'secret';
const GROUP = '239.1.2.4';

/** Milliseconds: starting Node takes an emulated processor seconds. */
const AGENT_MS = 90_000;

/**
 * A stream to a group and one to a container of another host, while the agents of both are killed and
 * started again by Docker: the kernel's interface, its keys and peers outlive them.
 */
export async function encrypted(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const hosts = lab.hosts.slice(0, 2);
  await createNetwork(lab, NETWORK, ['--opt', 'encrypted']);
  const containers = await Promise.all(
    hosts.map((host) => runContainer(host, { network: NETWORK, name: `secret-${host.name}` })),
  );
  const [from, to] = (await startStations(containers)) as [Station, Station];
  await to.join(GROUP);
  await until(
    async () => {
      await from.say({ to: GROUP, tag: 'before' });
      return (await to.heard('before')).length > 0 || undefined;
    },
    { what: 'a first packet', timeoutMs: 30_000 },
  );
  for (const host of hosts) {
    const { wireguard } = await hostReport(host);
    if (wireguard?.by !== 'kernel') throw new Error(`${host.name}: carried by ${wireguard?.by}`);
  }
  await from.stream({ to: GROUP, tag: 'kept', rate: 50 });
  await to.stream({ to: from.container.ip, tag: 'kept', rate: 50 });
  for (const host of hosts) await killAgent(host, { withinMs: AGENT_MS });
  await healthy(lab, { withinMs: AGENT_MS });
  const [sent, answered] = [await from.stop('kept'), await to.stop('kept')];
  await to.hears(from, { tag: 'kept', count: sent });
  await from.hears(to, { tag: 'kept', count: answered });
  await closeStations([from, to]);
  return { sent: sent + answered, lost: 0 };
}
