import { mkdirSync, writeFileSync } from 'node:fs';
import { mustRun, run } from '../system/run.ts';
import { NAMESPACE_PATH } from './commands.ts';
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

/** The argv prefix that runs a program inside the namespace. */
export const inNamespace = (...argv: readonly string[]): string[] => [
  'nsenter',
  `--net=${NAMESPACE_PATH}`,
  ...argv,
];

/**
 * Makes the namespace if there is none.
 * @param sharedRun the host's /run through which a mount reaches the host
 * @returns whether it was made now: then no device of an earlier agent exists
 */
export async function ensureNamespace(sharedRun: string): Promise<boolean> {
  const made = !(await namespaceWorks());
  if (made) {
    await makeNamespace(`${sharedRun}/netns`);
    netfilter.anew();
  }
  await mustRun(inNamespace('ip', 'link', 'set', 'dev', 'lo', 'up'));
  await netfilter.look();
  return made;
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
  mkdirSync(directory, { recursive: true });
  // A file without a namespace behind it stays when a mount was lost.
  await run(['umount', path]);
  writeFileSync(path, '');
  await mustRun(['unshare', `--net=${path}`, process.execPath, '--version']);
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
