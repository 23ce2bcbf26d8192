import type { HostFlows } from '../../contract/answers.ts';
import type { DroppedRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';

/** Where something was dropped, on one host. */
export function droppedRows(
  { tunnel, networks }: HostReport,
  measured: HostFlows | undefined,
): DroppedRow[] {
  const host = tunnel?.address ?? 'unknown';
  return (measured?.dropped ?? []).flatMap(({ vni, packets, bytes }) => {
    const network = networks.find((it) => it.vni === vni);
    if (network === undefined || packets === 0) return [];
    return [{ network: network.name ?? network.id, host, packets, bytes }];
  });
}
