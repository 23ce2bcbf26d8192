/**
 * The network between the hosts: a bridge in the switch's namespace, and a
 * cable (veth) from it to each host, where its end is called eth0. Or the
 * switch is a router, and each cable a subnet of its own.
 */
import { dataAddress, type Underlay } from './plan.ts';
import { mustRun } from './run.ts';

/** Name of the bridge that has the host's address, where hosts have one. */
const HOST_BRIDGE = 'br-lan';

/** The bond of h2 and the tag of h3's VLAN, where the hosts have these. */
const BOND = 'bond0';
const VLAN = 7;

/** Name of the cable's end inside every host. */
export const UNDERLAY_INTERFACE = 'eth0';

export type Cable = { host: string; number: number; address: string; pid: number };

export type UnderlayOptions = {
  /** Bytes; without it the kernel's default. */
  mtu?: number | undefined;
  kind: Underlay;
};

const sizeOf = ({ mtu }: UnderlayOptions): string => (mtu === undefined ? '' : ` mtu ${mtu}`);

/** Makes what the cables end in. */
export async function makeBridge(switchPid: number, options: UnderlayOptions): Promise<void> {
  if (options.kind === 'routed') return makeRouter(switchPid);
  const bridges = options.kind === 'two' ? ['underlay', 'data'] : ['underlay'];
  // Snooping off: castnet must not depend on a switch that knows groups, nor be helped by one.
  await batch(
    switchPid,
    bridges.flatMap((name) => [
      `link add ${name}${sizeOf(options)} type bridge mcast_snooping 0 forward_delay 0`,
      `link set ${name} up`,
    ]),
  );
}

/** Unicast only: the kernel passes multicast on for nobody who has not set routes for it. */
async function makeRouter(switchPid: number): Promise<void> {
  const argv = ['nsenter', '-t', String(switchPid), '--net', 'sysctl', '-qw'];
  await mustRun([...argv, 'net.ipv4.ip_forward=1'], { timeoutMs: 30_000 });
}

/** Lays the cables of one host and gives the host its addresses. */
export async function layCable(
  switchPid: number,
  cable: Cable,
  options: UnderlayOptions,
): Promise<void> {
  const { host, number, address, pid } = cable;
  const size = sizeOf(options);
  // Made with both ends in their places: no device ever shows up on the machine.
  const lay = (name: string, end: string): string =>
    `link add ${name}${size} type veth peer name ${end} netns ${pid}${size}`;
  const own = (of: string, dev: string): string[] => [
    // Docker listens at the address at once, so it must not be tried for a duplicate first.
    `address add ${of}/${of.includes(':') ? '64' : '24'} dev ${dev}${of.includes(':') ? ' nodad' : ''}`,
    `link set ${dev} up`,
  ];
  const router = `10.99.${number}.254`;
  const data = dataAddress(options.kind, number);
  const upper = upperOf(options.kind, number);
  await batch(switchPid, [
    lay(host, UNDERLAY_INTERFACE),
    ...(options.kind === 'routed' ? own(router, host) : plug(host, upper)),
    ...(data === undefined ? [] : [lay(`${host}d`, 'eth1'), `link set ${host}d master data up`]),
  ]);
  await batch(pid, [
    ...(upper === undefined
      ? own(address, UNDERLAY_INTERFACE)
      : [...stack(upper, size), ...own(address, upper.name)]),
    ...(options.kind === 'routed' ? [`route add default via ${router}`] : []),
    ...(data === undefined ? [] : own(data, 'eth1')),
  ]);
}

/** The device upon the cable's end that has the host's address. */
type Upper = { name: string; kind: 'bridge' | 'bond' | 'vlan' };

function upperOf(kind: Underlay, number: number): Upper | undefined {
  if (kind === 'bridge') return { name: HOST_BRIDGE, kind: 'bridge' };
  if (kind !== 'bond-vlan') return undefined;
  if (number === 2) return { name: BOND, kind: 'bond' };
  return number === 3 ? { name: `${UNDERLAY_INTERFACE}.${VLAN}`, kind: 'vlan' } : undefined;
}

/** The lines that make it. A bond takes only a device that is down, as a new one is. */
function stack({ name, kind }: Upper, size: string): string[] {
  if (kind === 'vlan')
    return [
      `link set ${UNDERLAY_INTERFACE} up`,
      `link add link ${UNDERLAY_INTERFACE} name ${name} type vlan id ${VLAN}`,
    ];
  const type =
    kind === 'bond'
      ? 'bond mode active-backup miimon 100'
      : 'bridge mcast_snooping 0 forward_delay 0';
  return [
    `link add ${name}${size} type ${type}`,
    `link set ${UNDERLAY_INTERFACE} master ${name}${kind === 'bond' ? '' : ' up'}`,
  ];
}

/** The lines that plug a cable into the switch, which takes the tag off where the host sets one. */
function plug(host: string, upper: Upper | undefined): string[] {
  if (upper?.kind !== 'vlan') return [`link set ${host} master underlay up`];
  const untagged = `${host}.${VLAN}`;
  return [
    `link set ${host} up`,
    `link add link ${host} name ${untagged} type vlan id ${VLAN}`,
    `link set ${untagged} master underlay up`,
  ];
}

/**
 * Pulls or plugs a host's cable at the switch: nothing passes in either
 * direction, the host sees the carrier go, and its own settings stay.
 */
export async function setCable(
  switchPid: number,
  host: string,
  state: 'up' | 'down',
): Promise<void> {
  await batch(switchPid, [`link set ${host} ${state}`]);
}

/** Removes a host's cable for good, both ends of it; not of an underlay with two networks. */
export async function removeCable(switchPid: number, host: string): Promise<void> {
  await batch(switchPid, [`link delete ${host}`]);
}

/** Runs lines of `ip` in a process's network namespace; that alone is entered, so pids are the machine's. */
export async function batch(pid: number, lines: readonly string[]): Promise<void> {
  const argv = ['nsenter', '-t', String(pid), '--net', 'ip', '-batch', '-'];
  await mustRun(argv, { input: `${lines.join('\n')}\n`, timeoutMs: 30_000 });
}
