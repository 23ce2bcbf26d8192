/**
 * What stands on the lab while faults come: a service of each kind and plain containers, and an encrypted
 * network with a container on each host.
 */

import { IMAGE } from '../lab/kit/containers.ts';
import { castnetLinks } from '../lab/kit/kernel.ts';
import { setPlugin } from '../lab/kit/plugin.ts';
import { type Container, createNetwork, tasksRun } from '../lab/kit/stack.ts';
import { removeServices, SERVICE_MOUNTS, vipsOf } from '../lab/kit/vip.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import { settle, until } from '../lab/run.ts';
import type { Canary } from './canary.ts';
import type { Heard } from './judge.ts';
import {
  helpPulse,
  type Member,
  Members,
  type PulseSpec,
  pulseProgram,
  runPulse,
} from './members.ts';

export const NETWORK = 'chaos';
/** The encrypted one. */
export const SECRET = 'secret';

export const CANARIES = {
  [NETWORK]: { word: 'feldsperling', subnet: '10.197.83.0/24' },
  [SECRET]: { word: 'kanarienvogel', subnet: '10.197.84.0/24' },
} as const satisfies Record<string, Canary>;

/** How often two hosts agree on another secret, seconds: all the time, while faults come. */
const RENEW_S = 10;

/** Tasks in all; of the global service, one for each host. */
const SERVICES = { everywhere: 'global', vip: 3, rr: 2 } as const;

/** What was heard on each network. */
export type HeardOn = Record<keyof typeof CANARIES, Heard[]>;

export class Scene {
  readonly lab: Lab;
  /** The virtual address that plain containers call. */
  readonly vip: string;
  readonly #vips: readonly string[];
  readonly #members: Members;
  readonly #secret: Members;
  /** Containers with an address of a service since `partTwins`, in sentences. */
  readonly #twins = new Set<string>();

  private constructor(lab: Lab, vip: string, vips: readonly string[]) {
    this.lab = lab;
    this.vip = vip;
    this.#vips = vips;
    this.#members = new Members(lab, NETWORK);
    this.#secret = new Members(lab, SECRET);
  }

  static async deploy(lab: Lab): Promise<Scene> {
    await settle(lab.hosts.map((it) => setPlugin(it, `CASTNET_WIREGUARD_RENEW=${RENEW_S}`)));
    await createNetwork(lab, NETWORK, ['--subnet', CANARIES[NETWORK].subnet]);
    await createNetwork(lab, SECRET, ['--subnet', CANARIES[SECRET].subnet, '--opt', 'encrypted']);
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
        ...[IMAGE, ...pulseProgram(CANARIES[NETWORK])],
      ]);
    }
    const [vip] = await allocatedVips(lab, 'vip');
    const scene = new Scene(lab, vip, [vip, ...(await allocatedVips(lab, 'everywhere'))]);
    await Promise.all(lab.hosts.map((host) => scene.runOn(host)));
    return scene;
  }

  /** Runs the containers that are a host's own; Docker starts them again when its Engine does. */
  async runOn(host: LabHost): Promise<void> {
    for (const spec of ownOf(host)) await runPulse(host, spec);
  }

  async removeFrom(host: LabHost): Promise<void> {
    await host.docker(['rm', '-f', ...ownOf(host).map(({ name }) => name)]);
  }

  /** Waits until Docker runs all tasks that it should; how long that takes is not castnet's. */
  async dockerDone(): Promise<void> {
    for (const [name, kind] of Object.entries(SERVICES)) {
      await tasksRun(this.lab, name, kind === 'global' ? this.lab.hosts.length : kind);
    }
  }

  /** Runs the hosts' own containers anew that Docker gave up. @returns what that was, in sentences */
  async help(): Promise<string[]> {
    const help = (host: LabHost) => ownOf(host).map((spec) => helpPulse(host, spec));
    const all = await Promise.all(this.lab.hosts.flatMap(help));
    return all.filter((it) => it !== undefined);
  }

  /** What every container heard. Errors: when some are missing, or there are too many. */
  async hear(): Promise<HeardOn> {
    const { length } = this.lab.hosts;
    const found = await this.#members.found();
    const foundSecret = await this.#secret.found();
    this.#noteTwins(found);
    const wanted = 2 * length + SERVICES.vip + SERVICES.rr;
    const [plain, secret] = await Promise.all([
      this.#members.hear(found, wanted, (it) => (isPlain(it) ? [this.vip] : [])),
      this.#secret.hear(foundSecret, length),
    ]);
    return { [NETWORK]: plain, [SECRET]: secret };
  }

  /**
   * Removes containers that got an address of a service from Docker, which Swarm or this run replaces.
   * @returns which were so since the last time, in sentences
   */
  async partTwins(): Promise<string[]> {
    for (const { host, id, name } of this.#noteTwins(await this.#members.found())) {
      await host.docker(['rm', '-f', id]);
      const own = ownOf(host).find((it) => it.name === name);
      if (own !== undefined) await runPulse(host, own);
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

  /**
   * Ends everything, and waits until no kernel has a trace of it. The networks themselves are removed
   * if Swarm lets them go: it keeps one that a container of a host that was taken away had.
   */
  async remove(): Promise<void> {
    const { lab } = this;
    await removeServices(lab, ...Object.keys(SERVICES));
    await Promise.all(lab.hosts.map((host) => this.removeFrom(host)));
    for (const host of lab.hosts) await withoutLinks(host);
    for (const network of [NETWORK, SECRET]) {
      await manager(lab)
        .docker(['network', 'rm', network])
        .catch(() => undefined);
    }
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

/** The containers that are each host's own. */
const ownOf = (host: LabHost): PulseSpec[] => [
  { network: NETWORK, name: `plain-${host.name}`, canary: CANARIES[NETWORK] },
  { network: SECRET, name: `secret-${host.name}`, canary: CANARIES[SECRET] },
];

const isPlain = (member: Member): boolean => member.name.startsWith('plain-');
