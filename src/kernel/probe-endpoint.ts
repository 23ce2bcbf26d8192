import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { containerEndName } from '../core/names.ts';
import { CommandError, mustRun } from '../system/run.ts';
import { withoutIpv6 } from './commands.ts';
import { createPort, deletePort } from './kernel.ts';

/**
 * An endpoint on a network that Docker knows nothing of. It has a network namespace of its own,
 * which nothing but its socket keeps alive: the child that made it hands the socket to this process
 * and ends. So when this process dies, socket, namespace and veth pair are gone by themselves.
 */
export interface ProbeEndpointOptions {
  /** 64 hexadecimal digits, as of an endpoint of Docker's. */
  readonly endpoint: string;
  readonly vni: number;
  readonly mac: string;
  readonly mtu: number;
  /** With prefix length. */
  readonly address: string;
  readonly port: number;
  readonly group: string | undefined;
}

/** Waits in its fresh namespace until it is wired, then opens the socket and hands it over. */
const HAND_OVER = `
  process.on('disconnect', () => process.exit());
  process.on('message', ({ address, port, group }) => {
    const socket = require('node:dgram').createSocket('udp4');
    socket.bind(port, () => {
      socket.setBroadcast(true);
      socket.setMulticastTTL(8);
      if (group) socket.addMembership(group, address);
      process.send('socket', socket);
    });
  });
  process.send('ready');
`;

/** The kernel would remember a smaller path MTU and fragment what is sent after: then none is found. */
const FORGET_PATH_MTU = `
table ip probe {
  chain in {
    type filter hook input priority 0;
    icmp type destination-unreachable icmp code frag-needed drop
  }
}
`;

const STEP_MS = 5_000;

/**
 * Makes the endpoint.
 * @returns its socket; `deletePort` and closing the socket take all of it away
 * @throws CommandError in the kernel's words; nothing is left then
 */
export async function openProbeEndpoint(options: ProbeEndpointOptions): Promise<Socket> {
  const { address, port, group } = options;
  const argv = ['unshare', '--net', process.execPath, '--eval', HAND_OVER];
  const child = spawn(argv[0] as string, argv.slice(1), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: STEP_MS * 2,
    killSignal: 'SIGKILL',
  });
  // Whoever waits for a message hears of it too; nobody waits while the kernel is written.
  child.on('error', () => {});
  try {
    await messageOf(child, argv);
    await wire(options, `/proc/${child.pid}/ns/net`);
    child.send({ address: address.split('/')[0], port, group });
    const socket = (await messageOf(child, argv)) as Socket;
    // Only now may the child end: its own end of the socket must not be the last.
    child.disconnect();
    return socket;
  } catch (error) {
    child.kill('SIGKILL');
    await deletePort(options.endpoint);
    throw error;
  }
}

/** The child's next message, or the socket that comes with it. */
async function messageOf(child: ChildProcess, argv: readonly string[]): Promise<unknown> {
  const gone = new AbortController();
  const ended = once(child, 'exit', { signal: gone.signal }).then(([status]) => {
    throw new CommandError(argv, status as number, 'it ended before it was done');
  });
  try {
    const said = once(child, 'message', { signal: AbortSignal.timeout(STEP_MS) });
    const [text, handle] = (await Promise.race([said, ended])) as [unknown, unknown];
    return handle ?? text;
  } finally {
    ended.catch(() => {});
    gone.abort();
  }
}

async function wire(options: ProbeEndpointOptions, netns: string): Promise<void> {
  const { endpoint, vni, mac, mtu, address } = options;
  const dev = containerEndName(endpoint);
  await createPort({ endpoint, vni, mac, mtu, namespace: netns });
  const inside = [
    ...withoutIpv6(dev, mtu).map((it) => it.line),
    `address add ${address} dev ${dev}`,
    `link set dev ${dev} up`,
    `route add 224.0.0.0/4 dev ${dev}`,
    `route add 255.255.255.255/32 dev ${dev}`,
  ];
  const enter = ['nsenter', `--net=${netns}`];
  await Promise.all([
    mustRun([...enter, 'ip', '-batch', '-'], `${inside.join('\n')}\n`),
    mustRun([...enter, 'nft', '-f', '-'], FORGET_PATH_MTU),
  ]);
}
