import type { HostFlows } from './groups-table.ts';
import type { HostReport } from './report.ts';

/** What passed one of castnet's devices since it was made, by the kernel's own counters. */
export interface DeviceCount {
  readonly dev: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receivedDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sentDropped: number;
}

/** What one host's kernel counted; two of them give a rate. */
export interface HostTraffic {
  /** Milliseconds of a clock of the host that never goes back. */
  readonly at: number;
  readonly devices: readonly DeviceCount[];
  /** Counts that grow for as long as somebody asks; one may start anew after an idle minute. */
  readonly flows: HostFlows['flows'];
  readonly dropped: NonNullable<HostFlows['dropped']>;
}

/** A change or a trouble that the agent has told its log. */
export interface HostEvent {
  /** Differs from that of every other event of the Swarm. */
  readonly id: string;
  /** Milliseconds since 1970, by the host's own clock. */
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** One host as a watcher sees it, again and again. */
export interface HostLive {
  /** The machine's own name. */
  readonly name: string;
  readonly report: HostReport;
  readonly traffic: HostTraffic;
  /** The newest, oldest first. */
  readonly events: readonly HostEvent[];
}
