import { type FSWatcher, mkdirSync, openSync, statSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mustRun, run } from '../system/run.ts';
import { NAMESPACE_PATH } from './commands.ts';
import { HeldNamespace } from './held-namespace.ts';
import { NetfilterWatch, netfilterLoaded } from './netfilter.ts';

/**
 * The `castnet` network namespace: all bridges and tunnels live in it, out of reach of the host's
 * firewall. It is kept under the host's /run by a bind mount, so it outlives the agent, and a
 * person finds it with `ip netns`.
 */

const NAME = 'castnet';

/** Looks whether bridged packets may pass iptables now, and turns it off if so. */
export const netfilter = new NetfilterWatch({
  loaded: netfilterLoaded,
  keepOut: keepNetfilterOut,
});

/** The host's /run through which a mount reaches the host, and what keeps the namespace alive. */
let bound = { path: '', fd: -1 };

/** Looks whether the namespace is at its path, and puts it back if not. */
export const heldNamespace = new HeldNamespace({
  there: namespaceNumber,
  async bind() {
    const { path, fd } = bound;
    await emptyFile(path);
    // mount(8) would look where a descriptor leads by its name; a namespace's own it takes as it is.
    const inside = ['nsenter', `--net=/proc/${process.pid}/fd/${fd}`];
    await mustRun([...inside, 'mount', '--bind', '/proc/self/ns/net', path]);
  },
});

/** The argv prefix that runs a program inside the namespace. */
export const inNamespace = (...argv: readonly string[]): string[] => [
  'nsenter',
  `--net=${NAMESPACE_PATH}`,
  ...argv,
];

/**
 * Makes the namespace if there is none.
 * @param sharedRun the host's /run through which a mount reaches the host
 * @param log told when it was taken from its path later, and put back
 * @returns whether it was made now: then no device of an earlier agent exists
 */
export async function ensureNamespace(
  sharedRun: string,
  log: { warn(fields: object, message: string): void },
): Promise<boolean> {
  const made = !(await namespaceWorks());
  if (made) {
    await makeNamespace(`${sharedRun}/netns`);
    netfilter.anew();
  }
  await mustRun(inNamespace('ip', 'link', 'set', 'dev', 'lo', 'up'));
  await netfilter.look();
  bound = { path: `${sharedRun}/netns/${NAME}`, fd: openSync(NAMESPACE_PATH, 'r') };
  heldNamespace.hold(() =>
    log.warn({}, 'the namespace castnet was taken from its path, and put back'),
  );
  return made;
}

/** Calls back whenever something may have been removed beside the namespace, or it itself. */
export function watchNamespace(onChange: () => void): Pick<FSWatcher, 'close'> {
  return watch(dirname(NAMESPACE_PATH), (_event, name) => name === NAME && onChange());
}

/** Of what is mounted at its path; a file without a namespace has another number than any. */
function namespaceNumber(): string | undefined {
  try {
    const { dev, ino } = statSync(NAMESPACE_PATH);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Whether a namespace is mounted there, not just an empty file left of one. */
async function namespaceWorks(): Promise<boolean> {
  return (await run(inNamespace('ip', 'link', 'show', 'dev', 'lo'))).status === 0;
}

/**
 * As `ip netns add` does, which cannot be used: in a plugin it would bind the namespace where the
 * host does not see it.
 */
async function makeNamespace(directory: string): Promise<void> {
  const path = `${directory}/${NAME}`;
  await emptyFile(path);
  await mustRun(['unshare', `--net=${path}`, process.execPath, '--version']);
}

/** Where a namespace can be bound. */
async function emptyFile(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  // A file without a namespace behind it stays when a mount was lost.
  await run(['umount', path]);
  writeFileSync(path, '');
}

/**
 * A new namespace may start with bridged packets passing iptables: 8 % of multicast and 11 % of
 * small packets were lost to it. The sysctl belongs to the namespace of the process that opens it,
 * so a child inside writes it: a Node, since a plugin's image holds no shell. A plugin's /proc/sys
 * is read-only, so the child mounts a /proc of its own, in a mount namespace that ends with it.
 */
const OPEN_BRIDGES = `
  const { execFileSync } = require('node:child_process');
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  execFileSync('mount', ['-t', 'proc', 'proc', '/proc']);
  for (const what of ['iptables', 'ip6tables', 'arptables']) {
    const path = '/proc/sys/net/bridge/bridge-nf-call-' + what;
    if (existsSync(path) && readFileSync(path, 'utf8').trim() !== '0') writeFileSync(path, '0');
  }
`;

async function keepNetfilterOut(): Promise<void> {
  const aside = ['unshare', '--mount', '--propagation', 'private'];
  await mustRun(inNamespace(...aside, process.execPath, '--eval', OPEN_BRIDGES));
}
