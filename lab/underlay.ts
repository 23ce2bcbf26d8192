/**
 * The network between the hosts: a bridge in the switch's namespace, and a
 * cable (veth) from it to each host, where its end is called eth0.
 */
import { UNDERLAY_PREFIX } from './plan.ts';
import { mustRun } from './run.ts';

/** Name of the cable's end inside every host. */
export const UNDERLAY_INTERFACE = 'eth0';

export type Cable = { host: string; address: string; pid: number };

/** Makes the bridge in the switch. */
export async function makeBridge(switchPid: number, mtu: number | undefined): Promise<void> {
  const size = mtu === undefined ? '' : ` mtu ${mtu}`;
  // Snooping off: castnet must not depend on a switch that knows groups, nor be helped by one.
  await batch(switchPid, [
    `link add underlay${size} type bridge mcast_snooping 0 forward_delay 0`,
    'link set underlay up',
  ]);
}

/** Lays the cable of one host and gives the host its address. */
export async function layCable(
  switchPid: number,
  cable: Cable,
  mtu: number | undefined,
): Promise<void> {
  const { host, address, pid } = cable;
  const size = mtu === undefined ? '' : ` mtu ${mtu}`;
  // Made with both ends in their places: no device ever shows up on the machine.
  await batch(switchPid, [
    `link add ${host}${size} type veth peer name ${UNDERLAY_INTERFACE} netns ${pid}${size}`,
    `link set ${host} master underlay up`,
  ]);
  await batch(pid, [
    `address add ${address}/${UNDERLAY_PREFIX} dev ${UNDERLAY_INTERFACE}`,
    `link set ${UNDERLAY_INTERFACE} up`,
  ]);
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

/** The network namespace alone is entered, so that pids still are the machine's. */
async function batch(pid: number, lines: string[]): Promise<void> {
  const argv = ['nsenter', '-t', String(pid), '--net', 'ip', '-batch', '-'];
  await mustRun(argv, { input: `${lines.join('\n')}\n`, timeoutMs: 30_000 });
}
