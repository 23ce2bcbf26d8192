import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { inCommand } from '../in-command.ts';
import type { HostCheckup } from './checkup.ts';

interface Suspect {
  /** Who makes it, and what is known. */
  readonly what: string;
  /** Of ethtool -K. */
  readonly features: string;
  /** Whether it is told of even where all packets pass. */
  readonly always: boolean;
}

const INTEL: Suspect = {
  what: 'with some firmware it fills in wrong checksums of VXLAN packets',
  features: 'tx off',
  always: false,
};

/**
 * Drivers that are known to spoil VXLAN packets by their checksum offload. vmxnet3:
 * https://github.com/moby/moby/issues/41775, https://github.com/projectcalico/calico/issues/4727,
 * https://knowledge.broadcom.com/external/article/432932. Intel's: Open vSwitch does without for the same
 * cards, https://github.com/openvswitch/ovs-issues/issues/321;
 * https://github.com/metal-stack/metal-images/pull/429.
 */
const SUSPECTS: Readonly<Record<string, Suspect>> = {
  vmxnet3: {
    what: 'on many versions of ESXi it lets pings between containers pass and loses their TCP and UDP',
    features: 'tx-checksum-ip-generic off',
    always: true,
  },
  i40e: INTEL,
  ice: INTEL,
};

/**
 * Hints at cards whose checksum offload of VXLAN is known to be broken.
 * @param lost whether packets were lost between the hosts: then rarer suspects are told of too
 */
export function cardsCheck(hosts: readonly HostCheckup[], lost: boolean): Check {
  const all = hosts.flatMap(({ report, cards = [] }) => {
    const host = inCommand(report.tunnel?.address ?? report.node ?? 'unknown', 'unknown');
    return cards.map((card) => ({ host, ...card }));
  });
  const findings = all.flatMap(({ host, dev, driver }): Finding[] => {
    const suspect = Object.hasOwn(SUSPECTS, driver) ? SUSPECTS[driver] : undefined;
    if (suspect === undefined || !(suspect.always || lost)) return [];
    return [
      {
        code: 'checksum-offload',
        severity: 'warning',
        host,
        what: `the tunnels of host ${host} leave by ${dev}, whose driver is ${driver}: ${suspect.what}`,
        remedy: `if that is so here, on ${host}: ethtool -K ${inCommand(dev, 'DEVICE')} ${suspect.features}; docs/troubleshooting.md, “When only pings pass”, says how to see it`,
      },
    ];
  });
  const drivers = [...new Set(all.map((it) => it.driver))].sort();
  const detail = drivers.length === 0 ? 'none under the tunnels' : drivers.join(', ');
  return { name: 'Network cards', detail, findings };
}
