import type { HostFlows } from '../../contract/answers.ts';
import type { DroppedRow } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';

/** Where something was dropped, in the order of the reports. */
export function droppedTable(
  reports: readonly HostReport[],
  measured: readonly HostFlows[],
): DroppedRow[] {
  return reports.flatMap(({ tunnel, networks }) => {
    const host = tunnel?.address ?? 'unknown';
    const dropped = measured.find((it) => it.host === host)?.dropped ?? [];
    return dropped.flatMap(({ vni, packets, bytes }) => {
      const network = networks.find((it) => it.vni === vni);
      if (network === undefined || packets === 0) return [];
      return [{ network: network.name ?? network.id, host, packets, bytes }];
    });
  });
}
