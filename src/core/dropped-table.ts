import type { HostFlows } from './groups-table.ts';
import type { HostReport } from './report.ts';

/** What a network's settings made a host drop of what its own containers sent. */
export interface DroppedRow {
  readonly network: string;
  /** The host's tunnel address. */
  readonly host: string;
  /** Since the rules of that host were last written whole. */
  readonly packets: number;
  readonly bytes: number;
}

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
