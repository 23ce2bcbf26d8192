/** What the user asked for, from the command line and the file together. */
export interface Wanted {
  readonly hosts: readonly Target[];
  /** A network that is to be there in the end. */
  readonly network: WantedNetwork | undefined;
  /** The plugin's settings, the same on every host. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether another release, or other settings, may be put in the place of what is there. */
  readonly upgrade: boolean;
}

/** A host as ssh is told of it. */
export interface Target {
  /** As the user wrote it; it names the host in all that is said. */
  readonly name: string;
  /** What ssh is given: a name of its config, a host's name or an address. */
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** Where the others reach it, if that is not where ssh came in. */
  readonly address: string | undefined;
  /** Whether it is the machine that the command runs on, for which no ssh is needed. */
  readonly here: boolean;
}

export interface WantedNetwork {
  readonly name: string;
  /** As `docker network create --opt`. */
  readonly options: Readonly<Record<string, string>>;
}

/** What the package at hand has of the plugin. */
export interface Release {
  readonly version: string;
  /** By architecture, of those that it was built for. */
  readonly builds: Readonly<Record<string, string>>;
}

/** What the release has for a host's processor; undefined where it has nothing. */
export const buildFor = (
  { builds }: Release,
  { docker }: { readonly docker: { readonly architecture: string } },
): string | undefined => builds[docker.architecture];

/** castnet's plugin and driver, by the only name that Swarm takes. */
export const PLUGIN = 'castnet:latest';

/** Ports of a host that runs Docker Swarm and castnet, by what they carry. */
export interface Ports {
  readonly swarm: number;
  readonly gossip: number;
  readonly sessions: number;
  readonly vxlan: number;
  /** Of encrypted networks. */
  readonly wireguard: number;
}

export function portsOf(settings: Readonly<Record<string, string>>): Ports {
  return {
    swarm: 2377,
    gossip: 7946,
    sessions: Number(settings.CASTNET_PORT ?? 4790),
    vxlan: Number(settings.CASTNET_VXLAN_PORT ?? 4789),
    wireguard: Number(settings.CASTNET_WIREGUARD_PORT ?? 51890),
  };
}

/** Whether the network that is wanted is encrypted. */
export const wantsEncryption = ({ network }: Pick<Wanted, 'network'>): boolean =>
  !['false', undefined].includes(network?.options.encrypted);

/** `[fd00::1]:2377` or `10.0.0.1:2377`. */
export const atPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
