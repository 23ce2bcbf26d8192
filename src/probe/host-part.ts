import { createHash } from 'node:crypto';
import type {
  ProbeHeard,
  ProbeInvitation,
  ProbeOrder,
  ProbeSeat,
  ProbeSent,
} from '../contract/probe.ts';
import { Fault } from '../net/fault.ts';
import { macOfIpv4 } from '../net/mac.ts';
import { Burst, type Wire } from './burst.ts';

/** What a probe needs of its host. */
export interface ProbeHost {
  /** Takes part in a network that is made for a probe. @throws Fault when the kernel refuses */
  openTrial(network: { readonly id: string; readonly vni: number }): Promise<void>;
  /** Leaves such a network; none of that name is no error. */
  closeTrial(id: string): Promise<void>;
  /** This host's side of a network. @throws Fault when it has not the network */
  view(network: string): Promise<Omit<ProbeSeat, 'ip' | 'mac'>>;
  /** Makes an endpoint and tells the other hosts of it. */
  open(endpoint: {
    readonly id: string;
    readonly network: string;
    readonly ip: string;
    readonly mac: string;
    readonly vni: number;
    readonly mtu: number;
    readonly group: string | undefined;
  }): Promise<Wire>;
  close(id: string): Promise<void>;
  /** Whether the kernel leads to another's endpoint, and its broadcast and multicast there. */
  hasWay(vni: number, to: { host: string; mac: string; group: string | undefined }): boolean;
}

interface Part {
  readonly id: string;
  readonly network: string;
  readonly seat: ProbeSeat;
  readonly group: string | undefined;
  readonly burst: Burst;
  readonly timer: NodeJS.Timeout;
}

/** Probes that a host takes part in at one time. */
const MAX_PARTS = 4;
/** A part that nobody ends is over after this long, milliseconds. */
const LEASE_MS = 20_000;
/** Records of a new endpoint reach the other kernels within this time, milliseconds. */
const WAY_WITHIN_MS = 1_500;

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What this host does in the probes that it is asked to take part in. */
export class HostPart {
  readonly #probeHost: ProbeHost;
  /** By run; bounded by MAX_PARTS. */
  readonly #parts = new Map<number, Part | 'opening'>();

  constructor(probeHost: ProbeHost) {
    this.#probeHost = probeHost;
  }

  /** @throws Fault when the host has not the network or is busy with other probes */
  async open({ run, network, ip, trial, group }: ProbeInvitation): Promise<ProbeSeat> {
    if (this.#parts.has(run)) throw new Fault(`probe ${run} has begun already`);
    if (this.#parts.size >= MAX_PARTS) {
      throw new Fault(`${MAX_PARTS} probes are under way already; try again in some seconds`);
    }
    this.#parts.set(run, 'opening');
    try {
      if (trial !== undefined) await this.#probeHost.openTrial({ id: network, vni: trial });
      const view = await this.#probeHost.view(network);
      const seat: ProbeSeat = { ...view, ip, mac: macOfIpv4(ip) };
      const id = createHash('sha256').update(`probe ${run} ${ip}`).digest('hex');
      const { vni, mtu, mac } = seat;
      const wire = await this.#probeHost.open({ id, network, ip, mac, vni, mtu, group });
      const burst = new Burst({ wire, run, group, now: () => performance.now(), sleep });
      const timer = setTimeout(() => void this.close({ run }).catch(() => {}), LEASE_MS);
      this.#parts.set(run, { id, network, seat, group, burst, timer });
      return seat;
    } catch (error) {
      this.#parts.delete(run);
      await this.#probeHost.closeTrial(network);
      throw error;
    }
  }

  /** Waits for ways to the others, then sends. */
  async send({ run, others }: ProbeOrder): Promise<ProbeSent> {
    const { seat, group, burst } = this.#part(run);
    const wayless = () =>
      others.filter((it) => !this.#probeHost.hasWay(seat.vni, { ...it, group }));
    const end = performance.now() + WAY_WITHIN_MS;
    while (wayless().length > 0 && performance.now() < end) await sleep(20);
    const noWay = wayless().map((it) => it.ip);
    return { noWay, ...(await burst.send(others, seat.mtu)) };
  }

  /** Ends the part and tells what was heard. */
  async close({ run }: { run: number }): Promise<ProbeHeard> {
    const { id, network, burst, timer } = this.#part(run);
    clearTimeout(timer);
    this.#parts.delete(run);
    await this.#probeHost.close(id);
    await this.#probeHost.closeTrial(network);
    return burst.heard();
  }

  /** Ends all parts, when the agent stops. */
  async closeAll(): Promise<void> {
    const runs = [...this.#parts].flatMap(([run, it]) => (it === 'opening' ? [] : [run]));
    await Promise.allSettled(runs.map((run) => this.close({ run })));
  }

  #part(run: number): Part {
    const part = this.#parts.get(run);
    if (part === undefined || part === 'opening') throw new Fault(`there is no probe ${run} here`);
    return part;
  }
}
