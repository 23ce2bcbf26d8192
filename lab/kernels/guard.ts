/**
 * The guard of the tunnels on hosts whose way to the others is a bond (h2) and a VLAN (h3): it lets
 * in the hosts, which every other step shows, and nothing from containers.
 */

import { datagram, vxlan } from '../kit/hostile-frames.ts';
import { type Container, removeContainers, runContainer, vniOf } from '../kit/stack.ts';
import type { Station } from '../kit/station.ts';
import { droppedVxlan, sendVxlan } from '../kit/vxlan-attack.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { NETWORK, stationsOf } from './cast.ts';
import { wayOut } from './links.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const PACKETS = 20;

type Attack = {
  /** What the container is on: Docker's bridge, or its host's way to the others. */
  driver: 'bridge' | 'ipvlan';
  from: string;
  to: string;
};

/** Who gets the packets drops them: of Docker's bridge the host itself, of ipvlan its neighbour. */
const ATTACKS: readonly Attack[] = [
  { driver: 'bridge', from: 'h2', to: 'h2' },
  { driver: 'bridge', from: 'h3', to: 'h3' },
  { driver: 'ipvlan', from: 'h3', to: 'h1' },
];

export async function guard(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const stations = await stationsOf(stage);
  const vni = await vniOf(lab, NETWORK);
  const at = (host: string) => stations[lab.hosts.indexOf(lab.host(host))] as Station;
  const ways: string[] = [];
  for (const attack of ATTACKS) {
    const host = lab.host(attack.from);
    const to = at(attack.to);
    const friend = stations.find((it) => it !== to) as Station;
    const honest = datagram({ ip: friend.container.ip }, to.container.ip, 'liar tunnel 1');
    const { liar, way, end } = await liarOn(host, attack.driver);
    ways.push(way);
    await mustBeDropped(lab.host(attack.to), liar, vxlan(vni, honest));
    const tag = `after-${attack.driver}-${attack.from}`;
    await friend.say({ to: to.container.ip, tag });
    await to.hears(friend, { tag, count: 1 });
    if ((await to.heard('tunnel')).length > 0)
      throw new Error(`a packet of ${attack.driver} on ${host.name} reached ${attack.to}`);
    await end();
  }
  return { ways: ways.join(', '), dropped: ATTACKS.length * PACKETS };
}

/** A container that is on no castnet network. */
async function liarOn(host: LabHost, driver: Attack['driver']) {
  const parent = await wayOut(host);
  if (driver === 'bridge') {
    const liar = await runContainer(host, { network: 'bridge', name: 'liar' });
    return { liar, way: `bridge beside ${parent}`, end: () => removeContainers([liar]) };
  }
  const range = ['--subnet=10.99.0.0/24', '--ip-range=10.99.0.64/28'];
  await host.docker(['network', 'create', '-d', driver, '-o', `parent=${parent}`, ...range, 'way']);
  const liar = await runContainer(host, { network: 'way', name: 'liar' });
  const end = async () => {
    await removeContainers([liar]);
    await host.docker(['network', 'rm', 'way']);
  };
  return { liar, way: `${driver} on ${parent}`, end };
}

async function mustBeDropped(on: LabHost, from: Container, packet: Buffer): Promise<void> {
  const before = await droppedVxlan(on);
  await sendVxlan(from, on.address, packet);
  await until(async () => (await droppedVxlan(on)) >= before + PACKETS || undefined, {
    what: `${PACKETS} VXLAN packets dropped on ${on.name}`,
    timeoutMs: 10_000,
  });
}
