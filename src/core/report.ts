import type { HostFault } from './host-fault.ts';
import type { LocalNetwork } from './local.ts';
import type { Membership } from './membership.ts';
import type { RefusedGroups } from './policy.ts';
import type { GroupRecord, ServiceRecord } from './records.ts';
import type { SessionFault } from './session-fault.ts';
import type { TunnelDropped } from './tunnel-guard.ts';

/**
 * What a host says of itself to people and their tools. Version 1: fields are added, never changed
 * or taken away, within a version.
 */
export interface HostReport {
  readonly version: 1;
  /** The agent's own version. */
  readonly agent: string;
  /** TCP port of the sessions between the agents. */
  readonly peerPort: number;
  /** This host's clock, milliseconds since 1970. */
  readonly now: number;
  /** Since when the agent runs, milliseconds since 1970. */
  readonly startedAt: number;
  readonly node?: string;
  /** What the host's Swarm certificate says; absent outside a Swarm. */
  readonly swarm?: SwarmReport;
  /** How the containers' packets are encrypted between the hosts. */
  readonly encryption: 'none';
  /** The last change of forwarding since the agent began, in words. */
  readonly lastChange?: { readonly at: number; readonly what: string };
  /** Changes that the kernel refused when they were last tried. */
  readonly refusedSteps: number;
  /** VXLAN packets that the rules of the tunnels dropped, since these were written; absent: unknown. */
  readonly tunnelDropped?: TunnelDropped | undefined;
  readonly tunnel?: {
    /** Where the others send to. */
    readonly address: string;
    /** The address of this host that it is bound to, where that is another. */
    readonly local?: string;
    readonly port: number;
    readonly mtu: number;
  };
  /** The Swarm's `--data-path-port`, as a manager's Engine tells it, its agent the workers'. */
  readonly dataPathPort?: number;
  /** Why the host takes no part, in a sentence. */
  readonly problem?: string;
  /** What its agent needs and has not had for longer than a few seconds. */
  readonly faults?: readonly HostFault[];
  /** What other hosts say that cannot be so, and is refused, in sentences; the first 100. */
  readonly conflicts?: readonly string[];
  readonly peers: readonly PeerReport[];
  readonly networks: readonly NetworkReport[];
}

export interface SwarmReport {
  readonly id: string;
  readonly role: 'manager' | 'worker';
  /** Since when and until when the certificate holds, milliseconds since 1970. */
  readonly certificateFrom: number;
  readonly certificateUntil: number;
}

export interface PeerReport {
  readonly address: string;
  readonly node?: string;
  readonly tunnel?: string;
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why there was no session, when there last was none. */
  readonly lastError?: string;
  readonly fault?: SessionFault;
  /** Whether Docker lists the host for a network of this one. */
  readonly listed: boolean;
  /** Ids of the networks we share. */
  readonly networks: readonly string[];
}

export interface NetworkReport extends LocalNetwork {
  /** Docker's name of it; absent while Docker does not answer. */
  readonly name?: string;
  readonly mtu?: number;
  /** Addresses of the hosts that Docker counts to it, this one among them. */
  readonly hosts: readonly string[];
  readonly endpoints: readonly EndpointReport[];
  readonly joined: readonly Membership[];
  readonly refused: readonly RefusedGroups[];
  /** What the other hosts hear of it. */
  readonly groups: readonly GroupRecord[];
}

export interface EndpointReport {
  readonly id: string;
  readonly port: string;
  readonly address: string;
  readonly ipv6?: string;
  readonly mac: string;
  /** Of its link, bytes; that of the network is what a new container gets. */
  readonly mtu?: number;
  readonly container?: string;
  readonly carriesMulticast: boolean;
  readonly service?: ServiceRecord;
}
