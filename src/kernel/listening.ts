import { run } from '../system/run.ts';
import { inSandbox } from './sandbox.ts';

/** Local addresses that nobody else reaches, as /proc/net writes them: 127.0.0.0/8 and ::1. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** TCP_LISTEN and TCP_CLOSE, which is what a UDP socket without a peer has (net/tcp_states.h). */
const LISTENS: Record<string, string> = { tcp: '0A', udp: '07' };

const FILES = ['tcp', 'tcp6', 'udp', 'udp6'].map((it) => `/proc/self/net/${it}`);

/**
 * Whether any program in a container's namespace takes TCP connections, or UDP packets from
 * anybody, at an address that others reach. Docker's own DNS listens in there too, at 127.0.0.11.
 * @returns false when the namespace is gone
 */
export async function isListening(path: string): Promise<boolean> {
  // A file that a kernel without IPv6 lacks is no reason to know nothing.
  return hasListener((await run(inSandbox(path, 'cat', ...FILES))).stdout);
}

/** @param text the kernel's tables of sockets, each under its own heading (proc_pid_net(5)) */
export function hasListener(text: string): boolean {
  let listens = LISTENS.tcp;
  return text.split('\n').some((line) => {
    const [first = '', local = '', , state] = line.trim().split(/\s+/);
    // Only UDP's heading ends with how many packets were dropped.
    if (first === 'sl') listens = line.includes('drops') ? LISTENS.udp : LISTENS.tcp;
    const address = local.split(':')[0] as string;
    return first.endsWith(':') && state === listens && !LOOPBACK.test(address);
  });
}
