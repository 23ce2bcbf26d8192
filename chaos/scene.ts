/** What stands on the lab while faults come: a service of each kind and plain containers. */

import { http, inHost } from '../lab/kit/agent.ts';
import {
  IMAGE,
  NODE_IN_CONTAINER,
  RUN_MOUNTS,
  runDetached,
  runGivenUp,
} from '../lab/kit/containers.ts';
import { castnetLinks } from '../lab/kit/kernel.ts';
import { type Container, containersOf, createNetwork, tasksRun } from '../lab/kit/stack.ts';
import { removeServices, SERVICE_MOUNTS, vipsOf } from '../lab/kit/vip.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import { until } from '../lab/run.ts';
import type { Report } from '../lab/tools/pulse.ts';
import type { Heard } from './judge.ts';

export const NETWORK = 'chaos';

const PULSE = [...NODE_IN_CONTAINER, '/castnet/tools/pulse.ts'];

/** Tasks in all; of the global service, one for each host. */
const SERVICES = { everywhere: 'global', vip: 3, rr: 2 } as const;

/** A container that pulses. */
export type Member = Container & { /** Pid of its program inside the host. */ pid: number };

export class Scene {
  readonly lab: Lab;
  /** The virtual address that plain containers call. */
  readonly vip: string;
  readonly #vips: readonly string[];
  /** Containers with an address of a service since `partTwins`, in sentences. */
  readonly #twins = new Set<string>();
  /** By container, its pid; containers that are gone are forgotten at each look. */
  #pids = new Map<string, number>();

  private constructor(lab: Lab, vip: string, vips: readonly string[]) {
    this.lab = lab;
    this.vip = vip;
    this.#vips = vips;
  }

  static async deploy(lab: Lab): Promise<Scene> {
    await createNetwork(lab, NETWORK);
    // It loses its power in the end, and calls that its tasks have by then are lost with it.
    const added = `${lab.name}-h${lab.hosts.length + 1}`;
    for (const [name, kind] of Object.entries(SERVICES)) {
      await manager(lab).docker([
        ...['service', 'create', '--detach', '--name', name, '--no-resolve-image'],
        ...(kind === 'global'
          ? ['--mode', kind]
          : ['--replicas', String(kind), '--constraint', `node.hostname!=${added}`]),
        ...(name === 'rr' ? ['--endpoint-mode', 'dnsrr'] : []),
        ...['--restart-delay', '0s', '--stop-grace-period', '2s', '--network', NETWORK],
        ...SERVICE_MOUNTS,
        ...[IMAGE, ...PULSE],
      ]);
    }
    const [vip] = await allocatedVips(lab, 'vip');
    const scene = new Scene(lab, vip, [vip, ...(await allocatedVips(lab, 'everywhere'))]);
    await Promise.all(lab.hosts.map((host) => scene.runPlain(host)));
    return scene;
  }

  /** Runs the plain container of a host; Docker starts it again when its Engine does. */
  async runPlain(host: LabHost): Promise<void> {
    await runPulse(host, { network: NETWORK, name: plainName(host) });
  }

  async removePlain(host: LabHost): Promise<void> {
    await host.docker(['rm', '-f', plainName(host)]);
  }

  /** Waits until Docker runs all tasks that it should; how long that takes is not castnet's. */
  async dockerDone(): Promise<void> {
    for (const [name, kind] of Object.entries(SERVICES)) {
      await tasksRun(this.lab, name, kind === 'global' ? this.lab.hosts.length : kind);
    }
  }

  /** Runs the plain containers anew that Docker gave up. @returns what that was, in sentences */
  async help(): Promise<string[]> {
    const help = (host: LabHost) => runGivenUp(host, plainName(host), () => this.runPlain(host));
    const all = await Promise.all(this.lab.hosts.map(help));
    return all.filter((it) => it !== undefined);
  }

  /** What every container heard. Errors: when some are missing, or there are too many. */
  async hear(): Promise<Heard[]> {
    const found = await containersOf(this.lab, NETWORK);
    this.#noteTwins(found);
    const wanted = 2 * this.lab.hosts.length + SERVICES.vip + SERVICES.rr;
    if (found.length !== wanted) throw new Error(`${found.length} of ${wanted} containers`);
    const members = await Promise.all(found.map((it) => this.#member(it)));
    this.#pids = new Map(members.map(({ id, pid }) => [id, pid]));
    return tell(members, this.vip);
  }

  /**
   * Removes containers that got an address of a service from Docker, which Swarm or this run replaces.
   * @returns which were so since the last time, in sentences
   */
  async partTwins(): Promise<string[]> {
    for (const { host, id, name } of this.#noteTwins(await containersOf(this.lab, NETWORK))) {
      await host.docker(['rm', '-f', id]);
      if (name === plainName(host)) await this.runPlain(host);
    }
    const noted = [...this.#twins];
    this.#twins.clear();
    return noted;
  }

  #noteTwins(found: readonly Container[]): Container[] {
    const twins = found.filter(({ ip }) => this.#vips.includes(ip));
    for (const { name, ip } of twins) {
      this.#twins.add(`Docker gave ${name} the address ${ip} of a service`);
    }
    return twins;
  }

  async #member(container: Container): Promise<Member> {
    const pid = this.#pids.get(container.id);
    if (pid === undefined) return memberOf(container);
    const alive = await pulse({ host: container.host, pid }).catch(() => undefined);
    return alive === undefined ? memberOf(container) : { ...container, pid };
  }

  /**
   * Ends everything, and waits until no kernel has a trace of it. The network itself is removed
   * if Swarm lets it go: it keeps one that a container of a host that was taken away had.
   */
  async remove(): Promise<void> {
    const { lab } = this;
    await removeServices(lab, ...Object.keys(SERVICES));
    await Promise.all(lab.hosts.map((host) => this.removePlain(host)));
    for (const host of lab.hosts) await withoutLinks(host);
    await manager(lab)
      .docker(['network', 'rm', NETWORK])
      .catch(() => undefined);
  }
}

async function withoutLinks(host: LabHost): Promise<void> {
  await until(
    async () => {
      const links = await castnetLinks(host);
      if (links.length === 0) return true;
      throw new Error(links.join(', '));
    },
    { what: `${host.name} without links`, timeoutMs: 60_000, everyMs: 200 },
  );
}

/** A service's virtual addresses, which Swarm allocates some time after the service is made. */
function allocatedVips(lab: Lab, service: string): Promise<[string, ...string[]]> {
  return until(
    async () => {
      const [first, ...others] = await vipsOf(lab, service);
      return first === undefined ? undefined : [first, ...others];
    },
    { what: `a virtual address of ${service}`, timeoutMs: 20_000 },
  );
}

/** The host whose Engine the run asks and tells; no fault makes it a worker. */
export const manager = (lab: Lab): LabHost => lab.hosts[0] as LabHost;

const plainName = (host: LabHost): string => `plain-${host.name}`;

const isPlain = (member: Member): boolean => member.name.startsWith('plain-');

export async function runPulse(
  host: LabHost,
  { network, name }: { network: string; name: string },
): Promise<void> {
  const where = ['--network', network, '--restart', 'always'];
  await runDetached(host, name, [...where, ...RUN_MOUNTS, IMAGE, ...PULSE]);
}

export async function memberOf(container: Container): Promise<Member> {
  const { host, id } = container;
  const { State } = await host.api<{ State: { Pid: number } }>('GET', `/containers/${id}/json`);
  return { ...container, pid: State.Pid };
}

/** Tells each member of all the others, and plain ones whom to call; asks what they heard. */
export function tell(members: readonly Member[], vip?: string): Promise<Heard[]> {
  return Promise.all(
    members.map(async (member) => {
      const { host, name, ip } = member;
      const to = members.filter((it) => it !== member).map((it) => it.ip);
      const call = vip !== undefined && isPlain(member) ? [vip] : [];
      const report = await pulse(member, JSON.stringify({ to, call }));
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
