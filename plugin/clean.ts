import { rm, rmdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { Programs } from '../src/kernel/fastpath/programs.ts';
import { mustRun } from '../src/system/run.ts';
import { SHARED_RUN } from './config.ts';

/**
 * Where castnet's namespaces are bound; the mount that goes takes the namespace with it. First the one in
 * which the encrypted networks' tunnels end.
 */
const NETNS = `${SHARED_RUN}/netns`;
const NAMESPACES = ['castnet-wg', 'castnet'].map((it) => `${NETNS}/${it}`);
const MOST_LAYERS = 4;
/** Where wireguard-go and wg(8) find each other. */
const WIREGUARD = `${SHARED_RUN}/wireguard`;
const STATE = `${SHARED_RUN}/castnet`;
const SOCKET = '/run/docker/plugins/castnet.sock';

/**
 * Removes what castnet keeps on the host: the namespace, with every bridge, VXLAN device and veth
 * in it, the programs of the fast path, the rules that guard the tunnels, and the state files.
 *
 * @returns what could not be removed, one sentence each; empty when all is gone
 */
export async function cleanHost(): Promise<string[]> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: Error) => failures.push(`${what}: ${error.message.trim()}`));
  };
  // Before the namespace, in which some of its programs are.
  await attempt('removing the fast path', () =>
    new Programs('', `${STATE}/bpf`).unload({ hooks: true }),
  );
  // An agent killed between two steps may have bound it twice; more is not believed.
  for (const namespace of NAMESPACES) {
    for (let layer = 0; layer < MOST_LAYERS && (await isMountPoint(namespace)); layer++) {
      await attempt(`unmounting ${namespace}`, () =>
        mustRun(['/usr/bin/umount', '--lazy', namespace]),
      );
    }
    await attempt(`removing ${namespace}`, () => rm(namespace, { force: true }));
  }
  // The agent made it where nobody else had; with anything in it, or mounted by ip-netns(8), it stays.
  await rmdir(NETNS).catch(() => {});
  // What wireguard-go leaves when it is killed.
  await rm(`${WIREGUARD}/castnet-wg.sock`, { force: true });
  await rmdir(WIREGUARD).catch(() => {});
  // That it is not there is no failure.
  await mustRun(['/usr/sbin/nft', 'delete', 'table', 'inet', 'castnet']).catch(() => {});
  await attempt(`removing ${STATE}`, () => rm(STATE, { recursive: true, force: true }));
  return failures;
}

/** A bound namespace lies on another file system than the directory it is bound in. */
async function isMountPoint(path: string): Promise<boolean> {
  try {
    return (await stat(path)).dev !== (await stat(dirname(path))).dev;
  } catch {
    return false;
  }
}

/** The answers that let Docker enable the plugin; anything else is asked of an agent, not of this. */
const ANSWERS: Readonly<Record<string, object>> = {
  '/Plugin.Activate': { Implements: ['NetworkDriver'] },
  '/NetworkDriver.GetCapabilities': { Scope: 'global', ConnectivityScope: 'global' },
};

/**
 * Cleans, then answers Docker's handshake: enabling succeeds only when all is gone, and is
 * otherwise the error that `castnet plugin uninstall` reports. Ends when Docker disables the
 * plugin.
 */
export async function serveCleanUp(): Promise<void> {
  const failures = await cleanHost();
  if (failures.length > 0) {
    // Docker shows none of a plugin's answers when enabling fails, but logs what it printed.
    for (const failure of failures) console.error(failure);
    process.exit(1);
  }
  const server = createServer((request, response) => {
    request.resume();
    const answer = ANSWERS[request.url ?? ''] ?? { Err: 'castnet is being uninstalled' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  // A socket that an agent killed before left behind would be an address in use.
  await rm(SOCKET, { force: true });
  process.once('SIGTERM', () => process.exit(0));
  server.listen(SOCKET);
}
