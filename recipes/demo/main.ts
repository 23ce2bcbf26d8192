/**
 * The demo: several Docker hosts on this machine, a stack on a castnet network,
 * and a table of who hears whom.
 *
 *   npm run demo                  until Ctrl-C
 *   npm run demo -- --once        until the table is complete; exit status 0 only then
 *   npm run demo -- --hosts 5     another number of hosts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { withProgress } from '../../lab/command/up.ts';
import type { Lab } from '../../lab/lab.ts';
import { until } from '../../lab/run.ts';
import { describeError, UserError } from '../../src/cli/output.ts';
import { missing, type Scene } from './hearing.ts';
import { observe } from './observe.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { Display } from './show.ts';
import * as site from './site.ts';
import { describeScene, progress } from './table.ts';

/** Milliseconds that `--once` waits for the table to be complete. */
const COMPLETE_MS = 60_000;

/** Milliseconds between two looks. */
const LOOK_MS = 1_000;

/** Exit status after SIGINT, as a shell counts it. */
const SIGINT_STATUS = 130;

async function setUp(hosts: number, signal: AbortSignal): Promise<Lab> {
  await withProgress('building castnet', site.prepare);
  signal.throwIfAborted();
  const title = `bringing up ${hosts === 1 ? 'a Docker host' : `${hosts} Docker hosts`}`;
  const lab = await withProgress(title, (onProgress) =>
    site.bringUpSite({ hosts, signal, onProgress }),
  );
  await withProgress('deploying the stack recipes/demo/stack.yml', async (onProgress) => {
    onProgress('loading the containers’ image on every host');
    await site.loadImages(lab);
    onProgress('waiting until the Swarm knows the plugin of every host');
    await site.waitForDriver(lab, signal);
    signal.throwIfAborted();
    onProgress(`docker stack deploy: ${await site.deploy(lab)} containers`);
  });
  return lab;
}

/** Waits for a complete table and prints it. @returns the exit status */
async function once(lab: Lab, signal: AbortSignal): Promise<number> {
  let scene: Scene | undefined;
  const title = 'waiting until every container hears every other';
  try {
    await withProgress(title, async (onProgress) => {
      let said = '';
      const look = async () => {
        scene = await observe(lab);
        if (missing(scene).length === 0) return true;
        const line = progress(scene);
        if (line !== said) onProgress(line);
        said = line;
        return undefined;
      };
      await until(look, { what: title, timeoutMs: COMPLETE_MS, everyMs: LOOK_MS, signal });
    });
  } catch (error) {
    // What the scene lacks says more than that the time is over.
    if (signal.aborted || scene === undefined) throw error;
  }
  if (scene === undefined) throw new Error('nothing was seen');
  console.log(`\n${describeScene(scene).join('\n')}\n`);
  const rest = missing(scene);
  if (rest.length === 0) {
    console.log(`Complete: each of ${scene.containers.length} containers hears every other.`);
    return 0;
  }
  console.log(`Not complete after ${COMPLETE_MS / 1000} s:`);
  for (const line of rest) console.log(`  ${line}`);
  return 1;
}

/** Shows the table until Ctrl-C, which is its regular end. @returns the exit status */
async function live(lab: Lab, signal: AbortSignal): Promise<number> {
  console.log(`
Try in another terminal, as root:
  bin/castnet.js lab docker --name ${site.NAME} h1 -- service scale demo_client=9
  bin/castnet.js lab docker --name ${site.NAME} h1 -- network inspect demo_cluster
Ctrl-C ends the demo and takes everything down.
`);
  const display = new Display(process.stdout);
  while (!signal.aborted) {
    const lines = await observe(lab).then(describeScene, (error: Error) => [error.message]);
    if (signal.aborted) break;
    display.show(lines);
    await delay(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  console.log();
  const { exitCode } = signal.reason as UserError;
  return exitCode === SIGINT_STATUS ? 0 : exitCode;
}

/** Everything from the lock to the end, with the lab taken down. @returns the exit status */
async function run({ hosts, once: single }: Options, signal: AbortSignal): Promise<number> {
  await site.lockDemo();
  await site.removeLeftOver(console.log);
  try {
    const lab = await setUp(hosts, signal);
    return single ? await once(lab, signal) : await live(lab, signal);
  } finally {
    await site.takeDown();
  }
}

/** An aborted run ends with the status that a shell gives for the signal. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const stop = (exitCode: number) => () =>
    controller.abort(new UserError('interrupted', { exitCode }));
  // Not "once": a second Ctrl-C must not end the process while it takes things down.
  process.on('SIGINT', stop(SIGINT_STATUS));
  process.on('SIGTERM', stop(143));
  process.on('SIGHUP', stop(129));
  // Nobody reads any more, as after the end of a terminal or of a "| head".
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop(141));
  return controller.signal;
}

async function main(args: string[]): Promise<number> {
  const signal = interruption();
  try {
    const options = parseOptions(args);
    if (options !== 'help') return await run(options, signal);
    console.log(HELP);
    return 0;
  } catch (error) {
    // What an interrupted step complains about is no news.
    const known: unknown = signal.aborted ? signal.reason : error;
    console.error(describeError(known));
    return known instanceof UserError ? known.exitCode : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
