import type { Finding } from '../../contract/finding.ts';
import type { HostReport, NetworkReport } from '../../contract/report.ts';
import { carriesWhole } from './forwarding.ts';

/** Containers with another MTU than a new one would get, since what the tunnel carries has changed. */
export function linkFindings({ report }: { readonly report: HostReport }): Finding[] {
  const host = report.tunnel?.address ?? report.node ?? 'unknown';
  return report.networks.flatMap((network) => {
    const { mtu } = network;
    const whole = report.tunnel !== undefined && carriesWhole(report.tunnel);
    const of = { network: network.name ?? network.id, host, whole };
    const differ = network.endpoints.filter((it) => it.mtu !== undefined && it.mtu !== mtu);
    const found = mtu === undefined ? [] : differ.map((it) => ({ ...it, mtu: it.mtu ?? 0 }));
    return [
      ...optionFindings(network, { ...of, carries: report.tunnel?.mtu }),
      // The command runs on Node 20 as well, which has no Map.groupBy.
      ...[...new Set(found.map((it) => it.mtu))].map((made) => {
        const all = found.filter((it) => it.mtu === made);
        return linkFinding(all, { ...of, made, mtu: mtu ?? 0 });
      }),
    ];
  });
}

interface Of {
  readonly network: string;
  readonly host: string;
  /** Whether the tunnel makes no fragments. */
  readonly whole: boolean;
}

const BROADCASTS = 'broadcasts to 255.255.255.255 that are larger';

function linkFinding(
  all: readonly { container?: string; address: string }[],
  { network, host, whole, made, mtu }: Of & { made: number; mtu: number },
): Finding {
  const names = all.map((it) => it.container ?? it.address).join(', ');
  const meanwhile =
    made > mtu
      ? `they send no more than ${mtu} bytes, but ${BROADCASTS}, which ${whole ? 'are lost' : 'travel in fragments and do not reach new containers'}`
      : 'larger packets of new containers do not reach them';
  return {
    code: 'container-mtu',
    severity: 'warning',
    host,
    what: `on host ${host}, network ${network}, these have links of ${made} bytes, new containers get ${mtu}: ${names}; ${meanwhile}`,
    remedy: 'make them anew: docker service update --force SERVICE; or docker rm -f and run',
  };
}

/** A network that was made with more than the tunnel carries now. */
function optionFindings(
  { options }: NetworkReport,
  { network, host, whole, carries }: Of & { carries: number | undefined },
): Finding[] {
  const { mtu } = options;
  if (mtu === undefined || carries === undefined || mtu <= carries) return [];
  return [
    {
      code: 'container-mtu',
      severity: 'warning',
      host,
      what: `network ${network} was made with mtu=${mtu}, the tunnel of host ${host} carries ${carries}: ${whole ? `its containers send no more, but ${BROADCASTS}, which are lost` : 'larger packets travel in fragments'}`,
      remedy: `make the network anew with --opt mtu=${carries}, or without the option`,
    },
  ];
}
