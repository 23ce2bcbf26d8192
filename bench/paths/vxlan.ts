/** VXLAN by hand: the kernel's path that castnet uses, set up by a script, in two ways. */
import type { Lab } from '../../lab/lab.ts';
import { bridge, ip } from '../namespaces.ts';
import { GROUP_BOTH, GROUP_ONE, groupMac, type Path, type Station } from '../path.ts';
import { hostUplinks, makeSite, orClose, pathOf, type Site, SNOOPING } from './site.ts';
import { layWires } from './wireguard.ts';

/** VXLAN over IPv4 takes 50 of the underlay's 1500 bytes. */
const MTU = 1450;
/** WireGuard takes 60 more. */
const ENCRYPTED_MTU = 1390;

/** Every entry known beforehand: groups go to the hosts that have members. */
export function handMadePath(lab: Lab, homes: readonly Station[]): Promise<Path> {
  const options = { homes, name: 'hand-made', vni: 4_200_061, net: 61, bridge: SNOOPING };
  return vxlanPath(lab, { ...options, learning: 'nolearning', entries });
}

/** What VXLAN does by itself: it learns addresses, and sends every group to every host. */
export function floodingPath(lab: Lab, homes: readonly Station[]): Promise<Path> {
  const options = { homes, name: 'flooding', vni: 4_200_062, net: 62 };
  const plain = 'forward_delay 0 mcast_snooping 0';
  return vxlanPath(lab, { ...options, bridge: plain, learning: 'learning', entries: floodEntries });
}

/** The same through WireGuard, whose namespaces the VXLAN sockets are in, as castnet's. */
export async function handMadeEncryptedPath(lab: Lab, homes: readonly Station[]): Promise<Path> {
  const wires = await layWires(lab);
  const options = { homes, name: 'hand-made-encrypted', vni: 4_200_065, net: 65 };
  const path = await orClose(wires.close, () =>
    vxlanPath(lab, {
      ...{ ...options, bridge: SNOOPING, learning: 'nolearning', entries },
      ...{ mtu: ENCRYPTED_MTU, from: wires.namespaces.map((it) => it.path) },
    }),
  );
  const close = async () => {
    await path.close();
    await wires.close();
  };
  return { ...path, daemons: wires.daemons, close };
}

interface Options {
  /** Bytes; without it what VXLAN leaves of the underlay's. */
  mtu?: number;
  /** Of hosts 1, 2, 3, the namespaces that their VXLAN sockets are in; without it the hosts' own. */
  from?: readonly string[];
  homes: readonly Station[];
  name: string;
  vni: number;
  net: number;
  bridge: string;
  learning: string;
  /** Lines of `bridge -batch` for host `index`. */
  entries: (lab: Lab, site: Site, index: number) => string[];
}

async function vxlanPath(lab: Lab, options: Options): Promise<Path> {
  const { mtu = MTU, from } = options;
  const site = await makeSite({ ...options, mtu });
  return orClose(site.close, async () => {
    for (const [index, { path, pid }] of site.switches.entries()) {
      const host = lab.hosts[index];
      if (host === undefined) throw new Error('the bench needs a lab of three hosts');
      await ip(from?.[index] ?? `/proc/${host.pid}/ns/net`, [
        `link add dev vx netns ${pid} mtu ${mtu} type vxlan id ${options.vni} local ${host.address} ` +
          `dstport 4789 ${options.learning}`,
      ]);
      await ip(path, ['link set vx master sw0 up']);
      await bridge(path, options.entries(lab, site, index));
    }
    return pathOf(site.stations, {
      name: options.name,
      multicast: true,
      uplinks: hostUplinks(lab),
      daemons: [],
      close: site.close,
    });
  });
}

function entries(lab: Lab, site: Site, index: number): string[] {
  const lines: string[] = [];
  for (const { mac, host } of site.stations) {
    if (host === index)
      lines.push(`fdb replace ${mac} dev s${stationNumber(site, mac)} master static`);
    else lines.push(`fdb replace ${mac} dev vx dst ${addressOf(lab, host)} self static`);
    if (host !== index) lines.push(`fdb replace ${mac} dev vx master static`);
  }
  for (const to of others(lab, index)) {
    lines.push(`fdb append ff:ff:ff:ff:ff:ff dev vx dst ${to} self permanent`);
  }
  if (index !== 0) return lines;
  for (const host of [1, 2]) {
    lines.push(
      `fdb append ${groupMac(GROUP_BOTH)} dev vx dst ${addressOf(lab, host)} self permanent`,
    );
  }
  lines.push(`fdb append ${groupMac(GROUP_ONE)} dev vx dst ${addressOf(lab, 1)} self permanent`);
  for (const group of [GROUP_BOTH, GROUP_ONE]) {
    lines.push(`mdb add dev sw0 port vx grp ${group} permanent`);
  }
  return lines;
}

function floodEntries(lab: Lab, _site: Site, index: number): string[] {
  return others(lab, index).map(
    (to) => `fdb append 00:00:00:00:00:00 dev vx dst ${to} self permanent`,
  );
}

const stationNumber = (site: Site, mac: string): number =>
  site.stations.findIndex((it) => it.mac === mac) + 1;

const addressOf = (lab: Lab, host: number): string => lab.hosts[host]?.address ?? '';

const others = (lab: Lab, index: number): string[] =>
  lab.hosts.filter((_, host) => host !== index && host < 3).map((host) => host.address);
