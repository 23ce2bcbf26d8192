import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { mustRun } from '../system/run.ts';
import { KeptNamespace } from './kept-namespace.ts';
import { NetfilterWatch, netfilterLoaded } from './netfilter.ts';

/**
 * The `castnet` network namespace: all bridges and tunnels live in it, out of reach of the host's
 * firewall.
 */

const NAME = 'castnet';

/** Looks whether bridged packets may pass iptables now, and turns it off if so. */
export const netfilter = new NetfilterWatch({
  loaded: netfilterLoaded,
  keepOut: keepNetfilterOut,
});

/** Looks whether the namespace is at its path, and puts it back if not. */
export const heldNamespace = new KeptNamespace(NAME);

/** The argv prefix that runs a program inside the namespace. */
export const inNamespace = heldNamespace.inside;

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
  const made = !(await heldNamespace.works());
  if (made) {
    await heldNamespace.make(sharedRun);
    netfilter.anew();
  }
  await mustRun(inNamespace('ip', 'link', 'set', 'dev', 'lo', 'up'));
  await netfilter.look();
  heldNamespace.hold(sharedRun, () =>
    log.warn({}, 'the namespace castnet was taken from its path, and put back'),
  );
  return made;
}

/** Calls back whenever something may have been removed beside the namespace, or it itself. */
export function watchNamespace(onChange: () => void): Pick<FSWatcher, 'close'> {
  return watch(dirname(heldNamespace.path), (_event, name) => name === NAME && onChange());
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
