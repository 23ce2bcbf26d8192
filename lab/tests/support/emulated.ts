/** Programs of the plugin for arm64, run by Debian's qemu-user-static in namespaces of their own. */
import { join } from 'node:path';
import { mustRun, run } from '../../run.ts';

const SCRIPT = join(import.meta.dirname, '../../tools/emulated.sh');

export type Emulated = {
  rootfs: string;
  /** A directory that is /run for the program. */
  run: string;
  /** Whether what it starts is emulated too; see whyAlone(). */
  children: boolean;
  argv: readonly string[];
  /** Seconds after which all of it is killed, whoever still waits. */
  seconds: number;
};

/** What starts a program of the rootfs. Nothing but the program's own variables is handed on. */
export function emulated({ rootfs, run, children, argv, seconds }: Emulated): string[] {
  const namespaces = ['--user', '--map-root-user', '--mount', '--net', '--pid'];
  return [
    ...['timeout', '--signal=KILL', String(seconds)],
    ...['unshare', ...namespaces, '--fork', '--kill-child', '--'],
    ...['sh', SCRIPT, rootfs, run, children ? 'children' : 'alone', ...argv],
  ];
}

/** @returns why a program's children cannot be emulated here; empty when they can */
export async function whyAlone(): Promise<string> {
  const mount = ['mount', '-t', 'binfmt_misc', 'binfmt_misc', '/proc/sys/fs/binfmt_misc'];
  const argv = ['unshare', '--user', '--map-root-user', '--mount', '--', ...mount];
  const { status, stderr } = await run(argv, { timeoutMs: 10_000 });
  if (status === 0) return '';
  const kernel = (await mustRun(['uname', '-r'])).trim();
  return `Linux ${kernel} has no binfmt_misc of its own in a user namespace, as 6.7 has: ${stderr.trim()}`;
}
