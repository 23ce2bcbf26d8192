import type { Step } from '../core/forwarding/difference.ts';
import type { Fact } from '../core/forwarding/facts.ts';
import { isEncrypted, isPort, vniOf } from '../core/names.ts';
import { IPV6_MTU_MIN, MTU_MIN } from '../net/mtu.ts';
import { hasIpv6 } from './ipv6.ts';
import { namespacePath } from './kept-namespace.ts';

/**
 * Steps as iproute2 batch lines. Everything is done inside the `castnet` namespace except the
 * making of a VXLAN device: its UDP socket belongs to the namespace it is made in, the host's. That of an
 * encrypted network is made where nothing but WireGuard is: it has no way to the hosts' network, and no
 * packet from there comes to it.
 */
export interface Command {
  readonly tool: 'ip' | 'bridge';
  readonly where: 'host' | 'castnet' | 'wireguard';
  readonly line: string;
  /** It is no refusal when this fails: what it takes away may be gone. */
  readonly mayFail?: true;
}

type HostLink = Fact & { kind: 'host-link' };

/** Where the namespace is found, for `ip link add … netns`. */
export const NAMESPACE_PATH = namespacePath('castnet');

/**
 * A bridge's answer time for queries, in hundredths of a second. While a fresh querier waits that
 * long for an elder, the bridge floods every group (net/bridge/br_multicast.c, delay_time): so it
 * becomes querier with next to none, in a command of its own since within one the kernel would
 * still see its default, and gets the usual time (RFC 3376 section 8.3) once it is up.
 */
const FIRST_RESPONSE_CS = 1;
const RESPONSE_CS = 1000;

/**
 * How long the last member may take to answer after a leave, twice: copies to a host stop about a
 * second after its last member has left.
 */
const LAST_MEMBER_CS = 50;

/**
 * For how long a container that does not answer remains a member; one that leaves, or whose port goes, does at
 * once. Longer than another querier, whose word came from a container or past another host's rules, can
 * silence the bridge's own (255 s) and its members may then take to answer (10 s): with the kernel's default of
 * 260 s groups went missing for some seconds then, on all hosts of the network.
 */
export const MEMBERSHIP_CS = 60_000;

/**
 * Rows an MDB may hold. At the kernel's default of 4096, within reach of one busy container, it
 * would stop to snoop; with these the agent silences such a container before (`MembershipQuota`).
 */
const MDB_ROWS = 262_144;

const ip = (line: string): Command => ({ tool: 'ip', where: 'castnet', line });
const bridge = (line: string): Command => ({ tool: 'bridge', where: 'castnet', line });

const onHost = (line: string): Command => ({ tool: 'ip', where: 'host', line });
/** The path of this process's own namespace, the host's, which outlives a change of directory in `ip`. */
const HOST_NAMESPACE = `/proc/${process.pid}/ns/net`;

/** The batch lines that take a step, in order. */
export function commandsFor(step: Step): Command[] {
  if (step.action === 'remove') return remove(step.fact);
  if (step.action === 'replace') return replace(step.fact, step.was);
  return add(step.fact);
}

/**
 * The lines that keep a device from having an IPv6 address. One with a smaller MTU has no IPv6
 * anyhow, and the kernel refuses the setting, as does one that was booted without IPv6.
 * @param mtu bytes
 * @param ipv6 whether the kernel has IPv6
 */
export function withoutIpv6(dev: string, mtu: number, ipv6 = hasIpv6()): Command[] {
  return mtu < IPV6_MTU_MIN || !ipv6 ? [] : [ip(`link set dev ${dev} addrgenmode none`)];
}

/** The lines that make a veth end a port of a bridge. */
export function portLines(dev: string, onBridge: string): Command[] {
  return [
    ip(`link set dev ${dev} master ${onBridge} up`),
    // Every MAC is known from Docker, so the bridge neither learns from containers, which could
    // claim another's, nor floods to them what is not theirs.
    ip(`link set dev ${dev} type bridge_slave learning off flood off`),
  ];
}

/**
 * From now on a port takes frames from those MACs only that are its stations: what a container sends
 * from another's is dropped before anyone learns or snoops anything of it. The bridge looks the MAC
 * up anyhow, so it costs nothing that could be measured (1349 ns a packet with it, 1352 without).
 * A kernel before 5.16 takes no note of it.
 */
const lock = (dev: string): Command => bridge(`link set dev ${dev} locked on`);

function bridgeLines(dev: string): Command[] {
  const set = (words: string) => ip(`link set dev ${dev} type bridge ${words}`);
  return [
    set(
      `stp_state 0 forward_delay 0 mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 ` +
        `mcast_hash_max ${MDB_ROWS} mcast_last_member_interval ${LAST_MEMBER_CS} ` +
        `mcast_membership_interval ${MEMBERSHIP_CS} ` +
        `mcast_query_response_interval ${FIRST_RESPONSE_CS}`,
    ),
    set('mcast_querier 1'),
    ip(`link set dev ${dev} up`),
    set(`mcast_query_response_interval ${RESPONSE_CS}`),
  ];
}

/**
 * The outer UDP checksum: none over IPv4, as RFC 7348 section 5 asks for, since the inner packets
 * have their own and few network cards can segment tunnelled packets that need both. IPv6 wants it, and
 * so does `wireguard-go`, which hands on at once many packets of a flow that have one (tun/offload_linux.go).
 */
const checksum = ({ dev, local }: Fact & { kind: 'vxlan' }): string =>
  local.includes(':') || isEncrypted(dev) ? '' : ' noudpcsum';

function vxlanLines({ dev, bridge, mtu }: Fact & { kind: 'vxlan' }): Command[] {
  return [
    ...withoutIpv6(dev, mtu),
    ip(`link set dev ${dev} master ${bridge}`),
    // Not a way to routers: queries are each host's own matter and groups go by MDB entry.
    // proxy_arp_wifi makes the bridge answer ARP for the containers behind this port. neigh_suppress
    // would too, but also swallow what must cross: gratuitous ARP (a VRRP address that moves), probes
    // for duplicates, and unsolicited neighbour advertisements (net/bridge/br_arp_nd_proxy.c).
    ip(
      `link set dev ${dev} type bridge_slave learning off flood off mcast_router 0 ` +
        'neigh_suppress off proxy_arp_wifi on',
    ),
    ip(`link set dev ${dev} up`),
  ];
}

/** Both ends of it; whatever was left of its port goes first. */
function hostLinkLines({ dev, port, mac, mtu, addresses }: HostLink): Command[] {
  return [
    { ...ip(`link del dev ${port}`), mayFail: true },
    ip(
      `link add dev ${port} mtu ${mtu} type veth peer name ${dev} ` +
        `mtu ${mtu} address ${mac} netns ${HOST_NAMESPACE}`,
    ),
    ...withoutIpv6(port, mtu),
    // A link-local address would have the host's daemons speak by it of themselves.
    ...(addresses.includes(':') || !hasIpv6()
      ? []
      : [onHost(`link set dev ${dev} addrgenmode none`)]),
    ...addressLines({ dev, addresses }),
  ];
}

function addressLines({ dev, addresses }: Pick<HostLink, 'dev' | 'addresses'>): Command[] {
  return [
    // Docker's IPAM has seen to it that nobody else has it.
    ...addresses
      .split(' ')
      .map((it) =>
        onHost(`address replace ${it} dev ${dev} ${it.includes(':') ? 'nodad' : 'brd +'}`),
      ),
    onHost(`link set dev ${dev} up`),
  ];
}

function add(fact: Fact): Command[] {
  switch (fact.kind) {
    case 'host-link':
      return hostLinkLines(fact);
    case 'bridge':
      return [
        // Only an MTU that is changed counts as a person's: else a bridge follows its smallest port
        // (net/bridge/br_if.c, br_mtu_auto_adjust).
        ip(`link add dev ${fact.dev} address ${fact.mac} mtu ${MTU_MIN - 1} type bridge`),
        ip(`link set dev ${fact.dev} mtu ${fact.mtu}`),
        ...bridgeLines(fact.dev),
      ];
    case 'vxlan':
      return [
        {
          tool: 'ip',
          where: isEncrypted(fact.dev) ? 'wireguard' : 'host',
          line:
            `link add dev ${fact.dev} netns ${NAMESPACE_PATH} mtu ${fact.mtu} type vxlan id ${vniOf(fact.dev)} ` +
            `local ${fact.local} dstport ${fact.port} nolearning${checksum(fact)}`,
        },
        ...vxlanLines(fact),
      ];
    case 'port':
      return [...portLines(fact.dev, fact.bridge), lock(fact.dev)];
    case 'route':
      return [bridge(`fdb replace ${fact.mac} dev ${fact.dev} dst ${fact.to} self static`)];
    case 'copy':
      return [bridge(`fdb append ${fact.mac} dev ${fact.dev} dst ${fact.to} self permanent`)];
    case 'station':
      return [
        bridge(`fdb replace ${fact.mac} dev ${fact.dev} master static`),
        ...(isPort(fact.dev) ? [lock(fact.dev)] : []),
      ];
    case 'neighbour':
      return [ip(`neigh replace ${fact.ip} lladdr ${fact.mac} dev ${fact.dev} nud permanent`)];
    case 'member':
      return [bridge(`mdb add ${memberWords(fact)} permanent`)];
  }
}

function remove(fact: Fact): Command[] {
  switch (fact.kind) {
    case 'bridge':
    case 'vxlan':
    case 'port':
      return [ip(`link del dev ${fact.dev}`)];
    case 'host-link':
      // As a rule it went with its port.
      return [{ ...onHost(`link del dev ${fact.dev}`), mayFail: true }];
    case 'route':
    case 'copy':
      return [bridge(`fdb del ${fact.mac} dev ${fact.dev} dst ${fact.to} self`)];
    case 'station':
      return [bridge(`fdb del ${fact.mac} dev ${fact.dev} master`)];
    case 'neighbour':
      return [ip(`neigh del ${fact.ip} dev ${fact.dev}`)];
    case 'member':
      return [bridge(`mdb del ${memberWords(fact)}`)];
  }
}

function replace(fact: Fact, was: Fact): Command[] {
  if (fact.kind === 'bridge') {
    const own = ip(`link set dev ${fact.dev} address ${fact.mac} mtu ${fact.mtu}`);
    return [own, ...bridgeLines(fact.dev)];
  }
  if (fact.kind === 'vxlan' && was.kind === 'vxlan') {
    if (fact.local === was.local && fact.port === was.port) {
      const mtu = ip(`link set dev ${fact.dev} mtu ${fact.mtu}`);
      return [mtu, ...vxlanLines(fact)];
    }
    // The kernel does not change these of a device that exists. Its entries go with it; the next
    // look at the kernel finds them missing.
    return [...remove(was), ...add(fact)];
  }
  if (fact.kind === 'host-link' && was.kind === 'host-link') {
    if (fact.port !== was.port || fact.mac !== was.mac) return [...remove(was), ...add(fact)];
    return [
      ip(`link set dev ${fact.port} mtu ${fact.mtu}`),
      onHost(`link set dev ${fact.dev} mtu ${fact.mtu}`),
      // A device that shrinks below what IPv6 needs has lost its addresses.
      onHost(`address flush dev ${fact.dev} scope global`),
      ...addressLines(fact),
    ];
  }
  // Only from iproute2 6.3 on can an MDB entry be replaced.
  if (fact.kind === 'member') return [...remove(was), ...add(fact)];
  return add(fact);
}

function memberWords(fact: Fact & { kind: 'member' }): string {
  const source = fact.source === undefined ? '' : ` src ${fact.source}`;
  return `dev ${fact.bridge} port ${fact.dev} grp ${fact.group}${source}`;
}
