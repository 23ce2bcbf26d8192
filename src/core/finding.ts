/** Something that is wrong or might be, told to people and programs alike. */
export interface Finding {
  /** A short name that does not change from release to release. */
  readonly code: FindingCode;
  /** An error keeps containers from each other; a warning may be meant so, or soon be an error. */
  readonly severity: 'error' | 'warning';
  /** The host it is about, by its address. */
  readonly host?: string;
  /** What is wrong, with the values that show it. */
  readonly what: string;
  /** What to do about it: a command to type where there is one. */
  readonly remedy: string;
}

export type FindingCode =
  | 'agent-down'
  | 'agent-mute'
  | 'broadcast'
  | 'certificate'
  | 'certificate-expired'
  | 'checksum-offload'
  | 'clock'
  | 'conflict'
  | 'container-mtu'
  | 'docker'
  | 'fragments'
  | 'groups-refused'
  | 'host-down'
  | 'host-unknown'
  | 'ipvs'
  | 'kernel'
  | 'kernel-differs'
  | 'loss'
  | 'mtu'
  | 'mtu-differs'
  | 'multicast'
  | 'multicast-route'
  | 'no-swarm'
  | 'not-ready'
  | 'not-started'
  | 'peer-missing'
  | 'permission'
  | 'plugin-missing'
  | 'port-differs'
  | 'querier'
  | 'session'
  | 'tcp-blocked'
  | 'tunnel-dropped'
  | 'udp-blocked'
  | 'unicast'
  | 'version-differs'
  | 'vni-conflict'
  | 'vni-differs';
