import { isIP, SocketAddress } from 'node:net';
import { Fault } from './net/fault.ts';
import { addressAndPort } from './net/listen-address.ts';

/** The agent's settings. All have defaults that suit a real host; the plugin's settings override. */
export interface Config {
  /** The agent's version, from the package it was built of. */
  readonly version: string;
  /** Least severe log lines printed: trace, debug, info, warn, error, fatal. */
  readonly logLevel: string;
  /** TCP port at which agents speak to each other. 4790 is free in TCP (IANA: UDP VXLAN-GPE). */
  readonly peerPort: number;
  /** UDP port of VXLAN, IANA's 4789; may be shared with Docker's own overlay. */
  readonly vxlanPort: number;
  /** UDP port of WireGuard, for encrypted networks; nobody's at IANA. */
  readonly wireguardPort: number;
  /** After how long two hosts agree on another secret for WireGuard, seconds. */
  readonly wireguardRenewSeconds: number;
  /** After how long a host takes another key of WireGuard, seconds. */
  readonly wireguardKeySeconds: number;
  /** The address this host takes tunnel packets at; by default Docker's data path address. */
  readonly tunnelAddress: string | undefined;
  /** The address at which the others reach this host, where it has it only behind a translator. */
  readonly advertiseAddress: string | undefined;
  /** Where Prometheus may read metrics by TCP; undefined: only at the agent's own socket. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Whether the tunnels' packets, and those to groups in containers, pass connection tracking by. */
  readonly untracked: boolean;
  /** Whether containers' packets may go around bridge and tunnel. */
  readonly fastPath: 'on' | 'off' | 'auto';
  /** Docker's API. */
  readonly dockerSocket: string;
  /** The Swarm's files: certificates and addresses. */
  readonly swarmDirectory: string;
  /** A pre-shared key for the sessions instead of the Swarm's certificates; none if no regular file. */
  readonly pskFile: string;
  /** Where Docker expects a plugin's socket. */
  readonly pluginSocket: string;
  /** The agent's own directory: what Docker asked for, and the socket of the command `castnet`. */
  readonly stateDirectory: string;
  /** The host's /run through which a mount reaches the host; a plugin sees it at a second place. */
  readonly sharedRun: string;
  /**
   * Seconds between two looks at the kernel without cause: a person's hand in it is put right within
   * this time. A look costs some 20 ms of a core, most of it starting four programs.
   */
  readonly lookSeconds: number;
  /** Seconds between two looks at containers that could change their own rules. */
  readonly inspectSeconds: number;
  /** Seconds between two looks at Docker without cause: it has no event for a host that comes. */
  readonly dockerSeconds: number;
  /**
   * Milliseconds between two looks at which tasks are in service. Docker takes a task out of its
   * DNS two seconds before it stops it: a look within that time loses no connection.
   */
  readonly tasksMilliseconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/**
 * Reads the settings from the environment, which is where Docker puts a plugin's.
 * @throws Fault that names the setting, its value and what is accepted
 */
export function readConfig(environment: Environment): Config {
  const text = (name: string, fallback: string): string => environment[name] || fallback;
  const port = (name: string, fallback: number): number => {
    const value = Number(text(name, String(fallback)));
    if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
    throw new Fault(`${name}=${environment[name]} is not a port from 1 to 65535`);
  };
  const seconds = (name: string, fallback: number): number => {
    const value = Number(text(name, String(fallback)));
    if (Number.isInteger(value) && value >= RENEW_LEAST_S && value <= RENEW_MOST_S) return value;
    throw new Fault(
      `${name}=${environment[name]} is not a number of seconds from ${RENEW_LEAST_S} to ${RENEW_MOST_S}`,
    );
  };
  const version = text('CASTNET_VERSION', '');
  // Begun by hand it would make its namespace and its rules on the host, and nobody would use them.
  if (version === '') {
    throw new Fault(
      'this is the agent of castnet’s Docker plugin, which Docker starts (it sets CASTNET_VERSION). ' +
        'Run "castnet plugin install"',
    );
  }
  const logLevel = text('LOG_LEVEL', 'info');
  if (!LEVELS.includes(logLevel)) {
    throw new Fault(`LOG_LEVEL=${logLevel} is not one of ${LEVELS.join(', ')}`);
  }
  const address = (name: string): string | undefined => {
    const value = environment[name] || undefined;
    if (value === undefined || isIP(value) !== 0) return canonical(value);
    throw new Fault(`${name}=${value} is not an IPv4 or IPv6 address`);
  };
  /** The first is the default. */
  const oneOf = <T extends string>(name: string, words: readonly [T, ...T[]]): T => {
    const value = text(name, words[0]);
    const found = words.find((it) => it === value);
    if (found !== undefined) return found;
    throw new Fault(`${name}=${value} is not ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
  };
  const tunnelAddress = address('CASTNET_TUNNEL_ADDRESS');
  const advertiseAddress = address('CASTNET_ADVERTISE_ADDRESS');
  const families = new Set([tunnelAddress, advertiseAddress].map((it) => isIP(it ?? '')));
  if (families.has(4) && families.has(6)) {
    throw new Fault(
      `CASTNET_ADVERTISE_ADDRESS=${advertiseAddress} is not of one family with CASTNET_TUNNEL_ADDRESS=${tunnelAddress}: both must be IPv4 or both IPv6`,
    );
  }
  return Object.freeze({
    version,
    logLevel,
    peerPort: port('CASTNET_PORT', 4790),
    vxlanPort: port('CASTNET_VXLAN_PORT', 4789),
    wireguardPort: port('CASTNET_WIREGUARD_PORT', 51890),
    wireguardRenewSeconds: seconds('CASTNET_WIREGUARD_RENEW', 120),
    wireguardKeySeconds: seconds('CASTNET_WIREGUARD_KEY_RENEW', 86_400),
    tunnelAddress,
    advertiseAddress,
    untracked: oneOf('CASTNET_NOTRACK', ['on', 'off'] as const) !== 'off',
    fastPath: oneOf('CASTNET_FASTPATH', ['off', 'on', 'auto'] as const),
    metrics: listenAddress('CASTNET_METRICS', environment.CASTNET_METRICS),
    dockerSocket: text('CASTNET_DOCKER_SOCKET', '/run/docker.sock'),
    swarmDirectory: text('CASTNET_SWARM_DIRECTORY', '/var/lib/docker/swarm'),
    pskFile: text('CASTNET_PSK_FILE', '/etc/castnet/psk'),
    pluginSocket: text('CASTNET_PLUGIN_SOCKET', '/run/docker/plugins/castnet.sock'),
    stateDirectory: text('CASTNET_STATE_DIRECTORY', '/run/castnet'),
    sharedRun: text('CASTNET_SHARED_RUN', '/run'),
    lookSeconds: 20,
    inspectSeconds: 8,
    dockerSeconds: 5,
    tasksMilliseconds: 500,
  });
}

const RENEW_LEAST_S = 10;
const RENEW_MOST_S = 86_400;

/** As the kernel's tools write it: fd00::1 for fd00:0::1. */
function canonical(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) === 4) return address;
  return new SocketAddress({ address, family: 'ipv6' }).address;
}

function listenAddress(name: string, value: string | undefined): Config['metrics'] {
  if (!value) return undefined;
  const found = addressAndPort(value);
  if (found !== undefined) return found;
  throw new Fault(
    `${name}=${value} is not ADDRESS:PORT, as 127.0.0.1:9790 or [fd00::1]:9790, nor empty`,
  );
}
