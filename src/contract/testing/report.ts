import type { HostReport } from '../report.ts';

/** A report of a host that has nothing, but for some changes. */
export const aReport = (change: Partial<HostReport> = {}): HostReport => ({
  version: 1,
  agent: '0.1.0',
  peerPort: 4790,
  now: 0,
  startedAt: 0,
  encryption: 'none',
  refusedSteps: 0,
  peers: [],
  networks: [],
  ...change,
});
