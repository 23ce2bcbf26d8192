/** Networks that Docker makes, between real containers: castnet, and Docker's own overlay. */
import { loadUsrImage } from '../../lab/image.ts';
import type { Lab, LabHost } from '../../lab/lab.ts';
import { settle } from '../../lab/run.ts';
import { asOwn, programsOf } from '../cgroup.ts';
import { SLOW } from '../context.ts';
import type { Path, Station } from '../path.ts';
import { goesByEsp, hasEsp } from './esp.ts';
import { hostUplinks, orClose, pathOf } from './site.ts';

const IMAGE = 'castnet/usr:latest';

/** castnet's network of the bench, and Docker's own. */
export const CASTNET = 'bench-castnet';
export const OVERLAY = 'bench-overlay';

interface Inspect {
  NetworkSettings: { SandboxKey: string; Networks: Record<string, { IPAddress: string }> };
}

/** Loads the image on all hosts, once for a lab. */
export async function loadImages(lab: Lab): Promise<void> {
  await settle(lab.hosts.map((host) => loadUsrImage(host, IMAGE)));
}

const OF_CASTNET = { driver: 'castnet:latest', multicast: true, hosts: [0, 1, 1, 2, 2] };

export function castnetPath(lab: Lab): Promise<Path> {
  return dockerPath(lab, { ...OF_CASTNET, name: 'castnet', network: CASTNET });
}

/** The same on a network that goes by bridge and tunnel where others have the fast path. */
export function slowPath(lab: Lab): Promise<Path> {
  const options = ['--opt', 'fast-path=off'];
  return dockerPath(lab, { ...OF_CASTNET, name: SLOW, network: `${CASTNET}-slow`, options });
}

/** Its containers are its own: one interface of a container must be the only one with the group's route. */
export async function encryptedPath(lab: Lab): Promise<Path> {
  const options = ['--opt', 'encrypted'];
  const name = 'castnet-encrypted';
  const network = `${CASTNET}-encrypted`;
  const path = await dockerPath(lab, { ...OF_CASTNET, name, network, options });
  const found = await Promise.all(lab.hosts.map((it) => programsOf(it, 'wireguard-go')));
  await Promise.all(found.flat().map(asOwn));
  return { ...path, daemons: found.flat() };
}

const HOMES = 'bench-homes';

/** Running containers. */
export interface Homes {
  /** In the order of the hosts that were asked for. */
  readonly stations: readonly Station[];
  close(): Promise<void>;
}

/**
 * Containers as they are without castnet, on a bridge of their own host's, by which nothing is sent: the
 * sender's on host 1, two on host 2, two on host 3.
 */
export function makeHomes(lab: Lab): Promise<Homes> {
  const hosts = OF_CASTNET.hosts.map((index) => lab.hosts[index] as LabHost);
  return containersOn(HOMES, hosts, { on: [...new Set(hosts)], settings: [] });
}

/** Docker's overlay drops multicast, so one receiver is enough. */
const OF_OVERLAY = { driver: 'overlay', multicast: false, hosts: [0, 1] };

export function overlayPath(lab: Lab): Promise<Path> {
  return dockerPath(lab, { ...OF_OVERLAY, name: 'overlay', network: OVERLAY });
}

/**
 * The same with VXLAN's packets in the kernel's ESP, transport mode, AES-GCM with keys of 128 bits (libnetwork,
 * drivers/overlay/encryption.go). Errors: Error where nothing goes by ESP.
 */
export async function encryptedOverlayPath(lab: Lab): Promise<Path> {
  if (!(await hasEsp())) throw new Error('the kernel has no ESP');
  const options = ['--opt', 'encrypted'];
  const name = 'overlay-encrypted';
  const path = await dockerPath(lab, {
    ...{ ...OF_OVERLAY, name, network: `${OVERLAY}-encrypted`, options },
  });
  return orClose(path.close, async () => {
    await goesByEsp(path);
    return path;
  });
}

interface Options {
  name: string;
  network: string;
  driver: string;
  multicast: boolean;
  /** Further ones of `docker network create`. */
  options?: string[];
  /** Host of each container, the sender's first. */
  hosts: number[];
}

async function dockerPath(lab: Lab, options: Options): Promise<Path> {
  const { name, network, driver, multicast } = options;
  const hosts = options.hosts.map((index) => lab.hosts[index] as LabHost);
  const settings = ['-d', driver, '--attachable', ...(options.options ?? [])];
  const on = [lab.hosts[0] as LabHost];
  const { stations, close } = await containersOn(network, hosts, { on, settings });
  return pathOf(stations, { name, multicast, uplinks: hostUplinks(lab), daemons: [], close });
}

/**
 * A container on each of `hosts`, on a network of their own that is made with these settings where `on` says.
 * Nothing stays when one of them cannot be made.
 */
async function containersOn(
  network: string,
  hosts: readonly LabHost[],
  { on, settings }: { on: readonly LabHost[]; settings: readonly string[] },
): Promise<Homes> {
  const networks: LabHost[] = [];
  const containers: { host: LabHost; id: string }[] = [];
  const close = async () => {
    await Promise.all(containers.map(({ host, id }) => host.docker(['rm', '-f', id])));
    await Promise.all(networks.map((it) => it.docker(['network', 'rm', network])));
  };
  return orClose(close, async () => {
    for (const host of on) {
      await host.docker(['network', 'create', ...settings, network]);
      networks.push(host);
    }
    const stations = await settle(
      hosts.map(async (host) => {
        const id = await startContainer(host, network);
        containers.push({ host, id });
        return stationOf(host, id, network);
      }),
    );
    return { stations, close };
  });
}

/** Starts a container that only holds its namespaces; returns its id. */
export async function startContainer(host: LabHost, network: string): Promise<string> {
  // By the API: of many at once, the client's own processes would take a good part of the time.
  const { Id } = await host.api<{ Id: string }>('POST', '/containers/create', {
    ...{ Image: IMAGE, Cmd: ['sleep', '3600'], StopSignal: 'KILL' },
    HostConfig: { Binds: ['/usr:/usr:ro'], NetworkMode: network },
  });
  await host.api('POST', `/containers/${Id}/start`);
  return Id;
}

/** A container's namespace and its address on a network. */
export async function stationOf(host: LabHost, id: string, network: string): Promise<Station> {
  const { NetworkSettings: it } = await host.api<Inspect>('GET', `/containers/${id}/json`);
  // /var/run is a link whose target would be looked up on this machine.
  const sandbox = it.SandboxKey.replace(/^\/var\/run/, '/run');
  const address = it.Networks[network]?.IPAddress ?? '';
  return { ns: `/proc/${host.pid}/root${sandbox}`, address };
}
