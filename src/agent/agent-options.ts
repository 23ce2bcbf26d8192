import type { SwarmReport } from '../contract/report.ts';
import type { HostVxlan } from '../core/diagnosis/port-owner.ts';
import type { Tunnel } from '../core/forwarding/forwarding.ts';
import type { Sandboxes } from './balancer.ts';
import type { DiscoveryOptions } from './discovery.ts';
import type { PortMaker } from './driver.ts';
import type { EncryptionOptions } from './encryption.ts';
import type { ExposuresOptions } from './exposures.ts';
import type { FastPathKernel, FastSetting } from './fast-path.ts';
import type { Faults } from './faults.ts';
import type { FirstQuestionOptions } from './first-question.ts';
import type { GuardOptions } from './guard.ts';
import type { Log } from './log.ts';
import type { PairSecretsOptions } from './pair-secrets.ts';
import type { PreparationOptions } from './preparation.ts';
import type { Kernel } from './reconciler.ts';
import type { State } from './state.ts';
import type { SwarmLink } from './swarm-link.ts';
import type { Measures } from './timings.ts';
import type { TunnelGuardKernel, TunnelGuardOptions } from './tunnel-guard.ts';

/** The world as an agent needs it: kernel, Docker, sessions, clocks. */
export interface AgentOptions {
  readonly state: State;
  readonly kernel: Kernel & PortMaker & { flushPort(port: string): Promise<void> };
  readonly findTunnel: () => Promise<Tunnel>;
  /** Whether this host's kernel has IPv6. */
  readonly hasIpv6: () => boolean;
  /** The VXLAN devices of the host's own namespace. */
  readonly hostVxlans: () => Promise<HostVxlan[]>;
  /** The routes of the host's main table, without default routes. */
  readonly hostRoutes: ExposuresOptions['hostRoutes'];
  /** All addresses by which the Swarm may name this host. */
  readonly ownAddresses: () => readonly string[];
  readonly link: SwarmLink;
  readonly sandboxes: Sandboxes &
    Pick<PreparationOptions, 'appears'> & {
      readonly routes: Pick<DiscoveryOptions, 'read' | 'change'>;
      readonly unanswered: FirstQuestionOptions['unanswered'];
    };
  readonly guards: Pick<GuardOptions, 'table' | 'canLockPorts'> & {
    readonly tunnels: TunnelGuardKernel & Pick<TunnelGuardOptions, 'port' | 'untracked'>;
  };
  readonly encryption: Pick<EncryptionOptions, 'device' | 'port' | 'renewKeyMs'> &
    Pick<PairSecretsOptions, 'renewMs'>;
  readonly fast: { readonly setting: FastSetting; readonly kernel: FastPathKernel };
  readonly log: Log;
  /** Where it is noted what the agent needs and lacks. */
  readonly faults: Faults;
  /** Milliseconds on a clock that nobody can set: by it the agent waits and judges ages. */
  readonly now: () => number;
  /** Milliseconds since 1970: for people, and beside what a certificate says. */
  readonly timeOfDay: () => number;
  readonly measures?: Measures;
  /** What this host's Swarm certificate says; undefined outside a Swarm. */
  readonly certificate: () => SwarmReport | undefined;
  /** TCP port of the sessions, the same on all hosts. */
  readonly peerPort: number;
  /** The agent's own version. */
  readonly version: string;
}
