/**
 * Namespaces of the bench itself. Each is held by a sleeping child: when the bench ends, in
 * whatever way, the child and the namespace go, and all devices in it.
 */
import { readlink } from 'node:fs/promises';
import { mustRun, until } from '../lab/run.ts';
import { type Running, start } from './programs.ts';

/** Seconds after which a forgotten holder ends by itself; a run is far shorter. */
const HOLD_SECONDS = '3600';

export interface Namespace {
  /** Path for `nsenter --net`. */
  readonly path: string;
  /** The holder's pid, for `ip link … netns`. */
  readonly pid: number;
  close(): Promise<void>;
}

/** Makes a network namespace in which bridged packets pass no iptables. */
export async function makeNamespace(): Promise<Namespace> {
  const own = await readlink('/proc/self/ns/net');
  const holder: Running = start(['unshare', '--net', 'sleep', HOLD_SECONDS]);
  const { pid } = holder.child;
  if (pid === undefined) throw new Error('the holder of a namespace did not start');
  const path = `/proc/${pid}/ns/net`;
  await until(async () => (await readlink(path)) !== own || undefined, {
    what: 'a new network namespace',
    timeoutMs: 5000,
    everyMs: 2,
  });
  const sysctls = ['iptables', 'ip6tables', 'arptables'].map(
    (what) => `net.bridge.bridge-nf-call-${what}=0`,
  );
  const quiet = 'net.ipv6.conf.default.disable_ipv6=1';
  // -e: without br_netfilter loaded the bridge's settings do not exist.
  await mustRun(inside(path, ['sysctl', '-e', '-q', '-w', quiet, ...sysctls]));
  await ip(path, ['link set lo up']);
  return { path, pid, close: () => holder.kill() };
}

/** Runs lines of `ip -batch` in the namespace at `path`. */
export async function ip(path: string, lines: string[]): Promise<void> {
  await mustRun(inside(path, ['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` });
}

/** Runs lines of `bridge -batch` in the namespace at `path`. */
export async function bridge(path: string, lines: string[]): Promise<void> {
  await mustRun(inside(path, ['bridge', '-batch', '-']), { input: `${lines.join('\n')}\n` });
}

export function inside(path: string, argv: string[]): string[] {
  return ['nsenter', `--net=${path}`, '--', ...argv];
}
