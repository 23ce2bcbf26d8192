/** What a test does to a container's own network, which the container itself may not. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Container } from '../../kit/stack.ts';
import { mustRun, until } from '../../run.ts';

const TOOLS = '/castnet/tools';

/** Runs a program of the host in the container's network namespace. Errors: with its stderr. */
export async function inNetwork({ host, id }: Container, argv: string[]): Promise<string> {
  const pid = (await host.docker(['inspect', '-f', '{{.State.Pid}}', id])).trim();
  return mustRun(host.enter(['nsenter', '-t', pid, '--net', ...argv]), { timeoutMs: 30_000 });
}

/** Sets a sysctl of the container's network. */
export async function setSysctl(container: Container, name: string, value: number): Promise<void> {
  await inNetwork(container, ['sysctl', '-qw', `${name}=${value}`]);
}

/** Lets one socket of the container join so many groups; the kernel's default is 20. */
export function allowGroups(container: Container, count: number): Promise<void> {
  return setSysctl(container, 'net.ipv4.igmp_max_memberships', count);
}

/** Packets that have come into the container by its castnet interface. */
export async function received(container: Container, dev = 'eth0'): Promise<number> {
  const path = `/sys/class/net/${dev}/statistics/rx_packets`;
  return Number(await container.host.docker(['exec', container.id, 'cat', path]));
}

/** Sends raw Ethernet frames from the container. */
export async function sendFrames(container: Container, frames: readonly Buffer[]): Promise<void> {
  const argv = ['exec', '-i', container.id, 'perl', `${TOOLS}/frames.pl`, 'eth0'];
  const input = frames.map((it) => `${it.toString('hex')}\n`).join('');
  const sent = await container.host.docker(argv, { input, timeoutMs: 60_000 });
  if (Number(sent) !== frames.length) throw new Error(`${sent} of ${frames.length} frames left`);
}

/**
 * Makes the container a member of a group but for some sources.
 * @returns what ends the membership
 */
export async function joinExcluding(
  container: Container,
  { group, sources }: { group: string; sources: string[] },
): Promise<() => Promise<void>> {
  const program = ['perl', `${TOOLS}/exclude.pl`, group, container.ip, ...sources];
  const child = spawn('docker', ['exec', '-i', container.id, ...program], {
    env: container.host.dockerEnv(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(async () => said.includes('ready') || undefined, {
    what: `${container.name} joining ${group}`,
    timeoutMs: 10_000,
    everyMs: 10,
  });
  return () => ended(child);
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.stdin?.end();
  await closed;
}
