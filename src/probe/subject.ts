import type { HostReport, NetworkReport, PeerReport } from '../contract/report.ts';
import { inAny, overlaps } from '../net/cidr.ts';
import { Fault } from '../net/fault.ts';
import { PROBE_GROUP, PROBE_RANGE } from '../net/probe.ts';
import { chooseVni } from '../net/vni.ts';

/** What is probed: a network of Docker's, or one made for the probe. */
export interface Subject extends Pick<NetworkReport, 'id' | 'name' | 'options'> {
  readonly peers: readonly PeerReport[];
  /** The VNI of one made for the probe. */
  readonly trial?: number;
}

/** A network of a VNI that no network of this host has, and next to none another. */
export function trialNetwork({ networks, peers }: HostReport, run: number): Subject {
  const taken = new Set(networks.map((it) => it.vni));
  const id = `trial-${run}`;
  return { id, name: 'trial', options: {}, peers, trial: chooseVni(id, taken) };
}

/** @throws Fault when this host has no such network, or one that cannot be probed */
export function namedNetwork(report: HostReport, name: string): Subject {
  const network =
    report.networks.find((it) => it.name === name) ??
    report.networks.find((it) => it.id.startsWith(name));
  if (network === undefined) {
    const known = report.networks.map((it) => it.name ?? it.id).join(', ') || 'none';
    throw new Fault(
      `this host has no castnet network "${name}" (it has: ${known}). ` +
        'A host has a network while it runs a container on it; ask one that does.',
    );
  }
  if (network.subnet !== undefined && overlaps(network.subnet, PROBE_RANGE)) {
    throw new Fault(
      `network ${name} has the subnet ${network.subnet}, which overlaps ${PROBE_RANGE}: ` +
        'a probe takes its addresses from there, so this network cannot be probed.',
    );
  }
  const peers = report.peers.filter(
    (it) => network.hosts.includes(it.address) || it.networks.includes(network.id),
  );
  return { ...network, peers };
}

/** The probe's own group, or one that the network allows; none without multicast. */
export function groupFor({ options }: Subject): string | undefined {
  if (options.multicast === false) return undefined;
  if (options.groups === undefined || inAny(PROBE_GROUP, options.groups)) return PROBE_GROUP;
  return options.groups.find((it) => !it.includes(':'))?.split('/')[0];
}
