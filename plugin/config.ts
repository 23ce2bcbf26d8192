/**
 * The plugin's config.json: what Docker must give the agent, and nothing it can do without.
 *
 * Docker starts every plugin with its default capabilities (NET_RAW, DAC_OVERRIDE and the like
 * are among them) and adds the ones asked for here. The plugin gets no view of other processes
 * (`pidhost` stays off: container namespaces are reached by their paths under /run/docker/netns)
 * and no device.
 */

/** TCP port on which agents talk to each other. 4789 is VXLAN's, 4790 is taken only for UDP. */
export const PEER_PORT = 4790;

/**
 * Flags of the agent's Node, for memory. Measured on Node 24 with hono, zod and pino after 3000
 * requests: 100 MB without, 73 MB with them. `max-opt=1` (no optimising compiler) saves most of
 * it, as its code is large and the agent waits for the kernel far more than it computes; the old
 * space is bounded so that a leak ends in a restart and not in the host's memory.
 */
export const NODE_FLAGS = [
  '--max-opt=1',
  '--single-threaded',
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--max-old-space-size=128',
] as const;

/**
 * Where the plugin sees the host's /run a second time. What is mounted below it appears on the
 * host under /run and, from there, under the plugin's own /run too, and outlives the agent.
 */
export const SHARED_RUN = '/host/run';

/** Where the plugin sees the pre-shared key. */
const PSK_FILE = '/castnet/psk';

export interface ConfigInput {
  /** The npm package's version. */
  readonly version: string;
  /** A short hash of what the plugin holds: two builds of one version differ in it. */
  readonly build: string;
}

const setting = (name: string, value: string, description: string) => ({
  name,
  description,
  value,
  settable: ['value'],
});

const fixed = (name: string, value: string, description: string) => ({
  name,
  description,
  value,
  settable: [] as string[],
});

/** The whole config.json, Docker's plugin config version 1. */
export function pluginConfig({ version, build }: ConfigInput) {
  return {
    description: `castnet ${version}: multicast, broadcast and unicast across Docker Swarm hosts`,
    interface: { types: ['docker.networkdriver/1.0'], socket: 'castnet.sock' },
    entrypoint: ['/usr/bin/node', ...NODE_FLAGS, '/castnet/agent.mjs'],
    workdir: '/castnet',
    // The VXLAN sockets and the agents' TCP sessions live on the host's own network.
    network: { type: 'host' },
    pidhost: false,
    ipchost: false,
    linux: {
      capabilities: [
        // Links, addresses, forwarding entries, nftables.
        'CAP_NET_ADMIN',
        // Entering a network namespace, and mounting one at a path that outlives the agent.
        'CAP_SYS_ADMIN',
      ],
      allowAllDevices: false,
      devices: [],
    },
    mounts: [
      {
        name: 'run',
        description:
          "The host's /run: Docker's socket, the containers' network namespaces, castnet's own state",
        source: '/run',
        destination: '/run',
        type: 'bind',
        // Not rshared: Docker mounts this plugin's socket directory upon /run/docker/plugins, and
        // a shared mount would carry that out to the host, hiding every plugin's directory there
        // (seen on 20.10.24: no plugin starts any more).
        options: ['rbind', 'rslave', 'rw'],
        settable: [],
      },
      {
        name: 'shared-run',
        description:
          "The host's /run again, through which a namespace is bound for the host to keep",
        source: '/run',
        destination: SHARED_RUN,
        type: 'bind',
        options: ['rbind', 'rshared', 'rw'],
        settable: [],
      },
      {
        name: 'swarm',
        description:
          "This Swarm node's certificate, with which agents know each other, and addresses",
        // Whole: Docker renames new files over those in it, and makes certificates/ itself anew after
        // a `docker swarm leave`; a mount of less would stay with what was.
        // Settable because it lies under Docker's data root; `castnet plugin install` sets it.
        source: '/var/lib/docker/swarm',
        destination: '/var/lib/docker/swarm',
        type: 'bind',
        options: ['rbind', 'ro'],
        settable: ['source'],
      },
      {
        name: 'psk',
        description: 'A file with a pre-shared key, for a Swarm with autolock; none by default',
        // Not a path that must be there: a mount without its source keeps the plugin from starting.
        source: '/dev/null',
        destination: PSK_FILE,
        type: 'bind',
        options: ['bind', 'ro'],
        settable: ['source'],
      },
    ],
    // Makes Docker start the plugin with a shared root, without which a mount that the agent
    // makes under /run would not reach the host.
    propagatedMount: '/var/lib/castnet',
    env: [
      fixed('CASTNET_VERSION', version, 'Version of castnet in this plugin'),
      fixed('CASTNET_SHARED_RUN', SHARED_RUN, 'Where a mount below the host’s /run is made'),
      fixed('CASTNET_PSK_FILE', PSK_FILE, 'Where the plugin sees the file of psk.source'),
      fixed('CASTNET_BUILD', build, 'Hash of what this plugin holds'),
      setting('LOG_LEVEL', 'info', 'Least level logged: trace, debug, info, warn, error or fatal'),
      setting('CASTNET_PORT', String(PEER_PORT), 'TCP port for the agents’ sessions, 1 to 65535'),
      setting('CASTNET_VXLAN_PORT', '4789', 'UDP port of VXLAN, 1 to 65535; the same on all hosts'),
      setting(
        'CASTNET_WIREGUARD_PORT',
        '51890',
        'UDP port of WireGuard, for encrypted networks, 1 to 65535',
      ),
      setting(
        'CASTNET_WIREGUARD_RENEW',
        '120',
        'Seconds after which two hosts agree on another secret for WireGuard, 10 to 86400',
      ),
      setting(
        'CASTNET_WIREGUARD_KEY_RENEW',
        '86400',
        'Seconds after which a host takes another key of WireGuard, 10 to 86400',
      ),
      setting(
        'CASTNET_TUNNEL_ADDRESS',
        '',
        'Address of this host that carries VXLAN; empty means the Swarm node’s own address',
      ),
      setting(
        'CASTNET_ADVERTISE_ADDRESS',
        '',
        'Address at which the other hosts reach it, behind NAT; empty means what Swarm advertises',
      ),
      setting(
        'CASTNET_NOTRACK',
        'on',
        'on: VXLAN between hosts, and groups in containers, pass connection tracking by; off: tracked',
      ),
      setting(
        'CASTNET_FASTPATH',
        'off',
        'on or auto: unicast between containers goes around bridge and VXLAN device; off: it does not',
      ),
      setting(
        'CASTNET_METRICS',
        '',
        'ADDRESS:PORT at which Prometheus may read metrics by TCP; empty means nowhere',
      ),
      setting(
        'CASTNET_CLEAN',
        'no',
        'yes: remove what castnet keeps on the host, then wait to be disabled (used by uninstall)',
      ),
    ],
  };
}

export type PluginConfig = ReturnType<typeof pluginConfig>;
