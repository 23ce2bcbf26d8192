import type { LocalNetwork } from '../local.ts';
import { elementChanges, guardElements, guardTable } from '../rules/guards.ts';
import { METER_RULES } from '../rules/meter-table.ts';
import { tunnelElements, tunnelTable } from '../rules/tunnel-guard.ts';
import { freshTable } from '../services/balancing.ts';

/**
 * What castnet needs of a kernel, each with lines that use it, to be given to a tool in a namespace
 * that goes afterwards. The first ones are single features, so that what misses can be named; the last
 * are the tables that the agent writes, whole.
 */
export interface Feature {
  readonly name: string;
  /** What `modprobe` is to be given; absent where only another kernel helps. */
  readonly module?: string;
  /** The first release of Linux that has it, where that is no matter of configuration. */
  readonly since?: string;
  readonly why: string;
  readonly tool: 'ip' | 'bridge' | 'nft';
  /** The tool's batch, on its standard input. */
  readonly script: string;
}

const inChain = (family: string, chain: string, rule: string, sets = ''): string =>
  `table ${family} castnet {\n${sets}\n  chain it {\n    ${chain}\n    ${rule}\n  }\n}\n`;

const OUTPUT = 'type filter hook output priority 0;';

const DEVICES: readonly Feature[] = [
  {
    name: 'vxlan',
    module: 'vxlan',
    why: 'carries the networks between hosts',
    tool: 'ip',
    script: 'link add castnet0 type vxlan id 1 dstport 4789 nolearning\n',
  },
  {
    name: 'bridge',
    module: 'bridge',
    why: 'joins the containers of a host and knows who is a member of what',
    tool: 'ip',
    script:
      'link add castnet0 type bridge mcast_snooping 1\n' +
      'link set castnet0 type bridge mcast_igmp_version 3 mcast_querier 1\n',
  },
  {
    name: 'veth',
    module: 'veth',
    why: 'connects a container',
    tool: 'ip',
    script: 'link add castnet0 type veth peer name castnet1\n',
  },
];

const RULES: readonly Feature[] = [
  {
    name: 'nf_tables',
    module: 'nf_tables',
    why: 'balances services and guards networks',
    tool: 'nft',
    script: inChain('inet', OUTPUT, 'accept'),
  },
  {
    name: 'nft bridge',
    module: 'nf_tables',
    why: 'keeps membership queries on their host, guards networks',
    tool: 'nft',
    script: inChain('bridge', OUTPUT, 'oifname "cx*" ip protocol igmp drop'),
  },
  {
    name: 'nft numgen',
    module: 'nft_numgen',
    why: 'picks a task of a service',
    tool: 'nft',
    script: inChain('ip', OUTPUT, 'numgen random mod 2 0 accept'),
  },
  {
    name: 'nft nat',
    module: 'nft_chain_nat nft_nat',
    why: 'turns a service’s address to a task’s',
    tool: 'nft',
    script: inChain('ip', 'type nat hook output priority -100;', 'dnat to 10.0.0.1'),
  },
  {
    name: 'nft ct zone',
    module: 'nft_ct',
    why: 'moves a connection whose task is gone',
    tool: 'nft',
    script: inChain('ip', 'type filter hook output priority -300;', 'ct original zone set 1'),
  },
  {
    name: 'nft reject',
    module: 'nft_reject_ipv4',
    why: 'refuses connections that no task takes',
    tool: 'nft',
    script: inChain('ip', OUTPUT, 'meta l4proto tcp reject with tcp reset'),
  },
  {
    name: 'nft limit',
    module: 'nft_limit',
    why: 'cuts multicast to multicast-rate',
    tool: 'nft',
    script: inChain('ip', OUTPUT, 'limit rate over 10/second drop'),
  },
  {
    name: 'nft set counters',
    since: '5.7',
    why: 'counts connections to services',
    tool: 'nft',
    script: inChain('ip', OUTPUT, 'accept', '  set it { type ipv4_addr . ipv4_addr; counter; }'),
  },
  {
    name: 'nft fib',
    module: 'nft_fib_inet',
    why: 'keeps containers from sending VXLAN',
    tool: 'nft',
    script: inChain('inet', OUTPUT, 'fib saddr type != local drop'),
  },
];

const NETWORK: LocalNetwork = {
  id: 'trial',
  vni: 8_000_000,
  options: {
    ipv6: 'fd00::/64',
    groups: ['239.0.0.0/8', 'ff05::/16'],
    rate: { per: 'packets', second: 100 },
    sourceCheck: true,
  },
};
const ENDPOINT = { id: 'a', network: 'trial', address: '10.0.0.2/24', mac: '02:42:0a:00:00:02' };

const GUARDED = {
  port: 4789,
  sources: new Set(['10.0.0.1', 'fd00::1']),
  underlay: { interfaces: ['eth0'], macs: ['02:00:00:00:00:01'] },
};

const TABLES: readonly Feature[] = [
  {
    name: 'the rules of services',
    why: 'balances services',
    tool: 'nft',
    script: freshTable([
      { name: 'trial', vip: '10.0.0.9', serving: ['10.0.0.2', '10.0.0.3'], draining: [] },
    ]),
  },
  {
    name: 'the rules of networks',
    why: 'guards networks',
    tool: 'nft',
    script: [
      guardTable([NETWORK], new Set([NETWORK.vni])),
      ...elementChanges(new Set(), guardElements([NETWORK], [ENDPOINT])),
      '',
    ].join('\n'),
  },
  {
    name: 'the rules of the tunnels',
    why: 'keeps containers from sending VXLAN',
    tool: 'nft',
    script: [
      tunnelTable(GUARDED),
      ...elementChanges(new Set(), tunnelElements(GUARDED), 'inet castnet'),
      '',
    ].join('\n'),
  },
  { name: 'the rules that count', why: 'counts groups', tool: 'nft', script: METER_RULES },
];

export const FEATURES: readonly Feature[] = [...DEVICES, ...RULES, ...TABLES];

/** The modules of all features, each once. */
export const MODULES: readonly string[] = [
  ...new Set(FEATURES.flatMap(({ module }) => module?.split(' ') ?? [])),
];

/** What to do where a feature misses. */
export function featureRemedy({ module, since }: Feature): string {
  if (module !== undefined) return `modprobe ${module.includes(' ') ? '-a ' : ''}${module}`;
  if (since !== undefined) return `Run Linux ${since} or newer.`;
  return `Look for the module that misses: modprobe -a ${MODULES.join(' ')}`;
}

/** A feature that this kernel has not, in the words of the tool that tried it. */
export interface MissingFeature {
  readonly name: string;
  readonly why: string;
  readonly detail: string;
  readonly remedy: string;
}
