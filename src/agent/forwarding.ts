import { type HostVxlan, whyRefused } from '../core/diagnosis/port-owner.ts';
import { DesiredState } from '../core/forwarding/desired-state.ts';
import type { LocalNetwork } from '../core/local.ts';
import { bridgeName, portName, vxlanOf } from '../core/names.ts';
import type { Host } from './host.ts';
import { conflicts, desiredInput } from './knowledge.ts';
import type { Log } from './log.ts';
import type { MembershipTable } from './membership-table.ts';
import { type Kernel, Reconciler } from './reconciler.ts';
import type { Timings } from './timings.ts';

export interface ForwardingOptions {
  readonly host: Host;
  readonly kernel: Kernel;
  readonly memberships: MembershipTable;
  /** The VXLAN devices of the host's own namespace. */
  readonly hostVxlans: () => Promise<HostVxlan[]>;
  /** UDP port of VXLAN. */
  readonly vxlanPort: number;
  /** Something is about to be taken from the kernel: what builds upon it goes first. */
  readonly onLeave: () => Promise<void>;
  readonly timings: Timings;
  readonly log: Log;
  readonly now: () => number;
  readonly timeOfDay: () => number;
}

/** Keeps the kernel's forwarding as the host's knowledge asks. */
export class Forwarding {
  readonly reconciler: Reconciler;
  /** Ports that Docker's calls are making or removing; bounded by its calls under way. */
  readonly busy = new Set<string>();
  readonly #options: ForwardingOptions;
  readonly #desired = new DesiredState();
  #lookBegan = 0;

  constructor(options: ForwardingOptions) {
    this.#options = options;
    const { host, kernel, memberships, timings, log, now, timeOfDay } = options;
    this.reconciler = new Reconciler({
      kernel,
      desired: () => this.#desiredNow(),
      isBusy: (dev) => this.busy.has(dev),
      onLookBegins: () => {
        this.#lookBegan = now();
        memberships.beginLook();
      },
      onLeave: options.onLeave,
      onTaken: () => host.emit('forwarded'),
      onLook: ({ facts, memberships: rows }) => {
        const ports = new Set(facts.flatMap((it) => (it.kind === 'port' ? [it.dev] : [])));
        host.restart.found(facts);
        memberships.look(rows, ports);
        host.emit('looked', { ports, began: this.#lookBegan });
      },
      timings,
      log,
      timeOfDay,
    });
    host.when(['endpoints', 'restarted'], () => void this.reconciler.loop.request());
    host.when(['peers'], () => void timings.heard(this.reconciler.loop.request()));
  }

  /** Takes note of a port that was made. */
  made(endpoint: string, vni: number): void {
    const [dev, bridge] = [portName(endpoint), bridgeName(vni)];
    this.reconciler.learn({ kind: 'port', dev, bridge, settled: true });
  }

  /**
   * A device is gone. If it was a container's port, and Docker did not ask for that, the container died
   * with its Engine: a look finds what is still there, whatever was made since the event.
   */
  deviceGone(device: string): void {
    const ids = [...this.#options.host.state.endpoints.keys()];
    const isPort = ids.some((id) => portName(id) === device);
    if (isPort && !this.busy.has(device)) void this.reconciler.loop.request(true);
  }

  /** Why the kernel has no VXLAN device, in a sentence with what to do. */
  async whyNoDevice(network: Pick<LocalNetwork, 'vni' | 'options'>): Promise<string> {
    const { hostVxlans, vxlanPort: port } = this.#options;
    const { vni } = network;
    const words = this.reconciler.refusalOf(`vxlan ${vxlanOf(network)}`);
    return whyRefused({ vni, port, words, vxlans: await hostVxlans() });
  }

  /** What hosts say that cannot be so, in sentences. */
  conflicts(): string[] {
    return conflicts(this.#options.host.knowledge(), this.#desired);
  }

  #desiredNow(): DesiredState | undefined {
    const { host } = this.#options;
    const knowledge = host.knowledge();
    // What is there already is no less closed than what would be made.
    const isOpen = (it: LocalNetwork) =>
      host.isOpen(it) || this.reconciler.has(`vxlan ${vxlanOf(it)}`);
    const input = desiredInput(knowledge, host.restart.facts(knowledge), isOpen);
    if (input === undefined) return undefined;
    this.#desired.update(input);
    return this.#desired;
  }
}
