/** Containers that pulse (lab/tools/pulse.ts), and what they say of each other. */
import { http, inHost } from '../lab/kit/agent.ts';
import {
  IMAGE,
  NODE_IN_CONTAINER,
  RUN_MOUNTS,
  runDetached,
  runGivenUp,
} from '../lab/kit/containers.ts';
import { type Container, containersOf } from '../lab/kit/stack.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import type { Report } from '../lab/tools/pulse.ts';
import { type Canary, prefixOf } from './canary.ts';
import type { Heard } from './judge.ts';

/** A container that pulses. */
export type Member = Container & { /** Pid of its program inside the host. */ pid: number };

/** Its command line. @param canary what its packets and frames are known by */
export function pulseProgram(canary?: Canary): string[] {
  const words = canary === undefined ? [] : [canary.word, prefixOf(canary)];
  return [...NODE_IN_CONTAINER, '/castnet/tools/pulse.ts', ...words];
}

export type PulseSpec = { network: string; name: string; canary?: Canary };

/** Runs one on a host; Docker starts it again when its Engine does. */
export async function runPulse(host: LabHost, { network, name, canary }: PulseSpec): Promise<void> {
  const where = ['--network', network, '--restart', 'always'];
  await runDetached(host, name, [...where, ...RUN_MOUNTS, IMAGE, ...pulseProgram(canary)]);
}

export async function memberOf(container: Container): Promise<Member> {
  const { host, id } = container;
  const { State } = await host.api<{ State: { Pid: number } }>('GET', `/containers/${id}/json`);
  return { ...container, pid: State.Pid };
}

/** Tells each member of all the others, and whom to call; asks what they heard. */
export function tell(
  members: readonly Member[],
  callsOf: (member: Member) => string[] = () => [],
): Promise<Heard[]> {
  return Promise.all(
    members.map(async (member) => {
      const { host, name, ip } = member;
      const to = members.filter((it) => it !== member).map((it) => it.ip);
      const report = await pulse(member, JSON.stringify({ to, call: callsOf(member) }));
      // A task's name has its id in it; the service's is enough beside the address.
      return { host: host.name, name: `${name.split('.')[0]} ${host.name}/${ip}`, ip, report };
    }),
  );
}

async function pulse(member: { host: LabHost; pid: number }, body?: string): Promise<Report> {
  const { host, pid } = member;
  // A path through the container's root: it needs no Docker.
  const socketPath = inHost(host, `/proc/${pid}/root/tmp/pulse.sock`);
  const method = body === undefined ? 'GET' : 'PUT';
  const { text } = await http({ socketPath, method, path: '/', ...(body ? { body } : {}) });
  return JSON.parse(text) as Report;
}

/** All members of a network; Docker is asked for each one's pid only once. */
export class Members {
  readonly #lab: Lab;
  readonly #network: string;
  /** By container, its pid; containers that are gone are forgotten at each look. */
  #pids = new Map<string, number>();

  constructor(lab: Lab, network: string) {
    this.#lab = lab;
    this.#network = network;
  }

  found(): Promise<Container[]> {
    return containersOf(this.#lab, this.#network);
  }

  /** What each heard. Errors: when there are more or fewer than `wanted`. */
  async hear(
    found: readonly Container[],
    wanted: number,
    callsOf?: (member: Member) => string[],
  ): Promise<Heard[]> {
    if (found.length !== wanted)
      throw new Error(`${found.length} of ${wanted} containers on ${this.#network}`);
    const members = await Promise.all(found.map((it) => this.#member(it)));
    this.#pids = new Map(members.map(({ id, pid }) => [id, pid]));
    return tell(members, callsOf);
  }

  async #member(container: Container): Promise<Member> {
    const pid = this.#pids.get(container.id);
    if (pid === undefined) return memberOf(container);
    const alive = await pulse({ host: container.host, pid }).catch(() => undefined);
    return alive === undefined ? memberOf(container) : { ...container, pid };
  }
}

/** Runs a container anew that Docker gave up. @returns what that was, in a sentence */
export const helpPulse = (host: LabHost, spec: PulseSpec): Promise<string | undefined> =>
  runGivenUp(host, spec.name, () => runPulse(host, spec));
