/** A recipe's test: its own stack file on three hosts, and what the software itself says there. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { containersOf, removeStack, tasksRun } from '../../lab/kit/stack.ts';
import { type Lab, type LabHost, openLab } from '../../lab/lab.ts';
import { GiveUp, run, until } from '../../lab/run.ts';
import { fetchImages, loadImages } from './images.ts';
import { Missing } from './packages.ts';

/** A container of one of the recipe's services. */
export type Task = { host: LabHost; id: string; name: string; ip: string };

/** Milliseconds for a program in a container to end. */
const EXEC_MS = 120_000;

/** The stack of a recipe, deployed. */
export class Site {
  readonly stack: string;
  readonly lab: Lab;

  constructor(stack: string, lab: Lab) {
    this.stack = stack;
    this.lab = lab;
  }

  get manager(): LabHost {
    return this.lab.hosts[0] as LabHost;
  }

  /** Waits until a service has exactly so many running tasks. @returns them, by name */
  async tasks(service: string, count: number, withinMs = 60_000): Promise<Task[]> {
    await tasksRun(this.lab, `${this.stack}_${service}`, count, { withinMs });
    return until(
      async () => {
        const all = await containersOf(this.lab, `${this.stack}_net`);
        const own = all.filter((it) => it.name.startsWith(`${this.stack}_${service}.`));
        if (own.length === count) return own;
        throw new Error(`${own.length} containers`);
      },
      { what: `${count} containers of ${service}`, timeoutMs: withinMs },
    );
  }

  scale(service: string, count: number): Promise<string> {
    return this.manager.docker(['service', 'scale', '-d', `${this.stack}_${service}=${count}`]);
  }
}

export type RecipeOptions = {
  /** The directory of the recipe. */
  directory: string;
  /** The stack file in it, deployed under the file's name; without it stack.yml, under the directory's. */
  file?: string;
  /** Images of containers that the tests run themselves; then nothing is deployed. */
  images?: readonly string[];
  /** Environment that the stack file refers to. */
  env?: NodeJS.ProcessEnv;
};

/**
 * Declares the tests of a recipe. What its images are made of is fetched first; where that cannot
 * be had, the recipe is skipped under the name of what is missing.
 */
export async function recipe(options: RecipeOptions, tests: (site: () => Site) => void) {
  const { directory, env = {} } = options;
  const file = join(directory, options.file ?? 'stack.yml');
  const name = options.file === undefined ? basename(directory) : basename(file, '.yml');
  const images = options.images ?? imagesOf(await readFile(file, 'utf8'));
  try {
    await fetchImages(images);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.warn(`recipe ${name} is skipped, missing: ${error.message}`);
    return it.skip(`${name}, missing: ${error.message}`, () => {});
  }
  describe(name, () => {
    let site: Site | undefined;
    beforeAll(async () => {
      const lab = await openLab(inject('lab'));
      await Promise.all(lab.hosts.map((host) => loadImages(host, images)));
      site = new Site(name, lab);
      if (options.images !== undefined) return;
      const deploy = ['stack', 'deploy', '--resolve-image', 'never', '-c', file, name];
      const { manager } = site;
      await onceLed(`deploying the stack ${name}`, () =>
        manager.docker(deploy, { env: { ...manager.dockerEnv(), ...env } }),
      );
    });
    afterAll(async () => {
      const { lab } = site ?? {};
      if (lab === undefined || options.images !== undefined) return;
      await onceLed(`removing the stack ${name}`, () => removeStack(lab, name));
    });
    tests(() => {
      if (site === undefined) throw new Error('the stack is not deployed');
      return site;
    });
  });
}

/** What is said while managers elect, and when a host that was away is slow to hear that its tasks are over. */
const PASSING = /does not have a leader|deadline ?exceeded|not within/i;

/** After a host's death, in this recipe or the one before, managers may have no leader for a while. */
async function onceLed(what: string, act: () => Promise<unknown>): Promise<void> {
  const tried = async (): Promise<true> => {
    try {
      await act();
      return true;
    } catch (error) {
      const { message } = error as Error;
      throw PASSING.test(message) ? error : new GiveUp(`${what}: ${message}`);
    }
  };
  await until(tried, { what, timeoutMs: 120_000, everyMs: 1_000 });
}

/** The images that a stack file names, each once. */
export function imagesOf(stack: string): string[] {
  return [...new Set([...stack.matchAll(/^\s+image: (\S+)$/gm)].map((it) => it[1] as string))];
}

/** What a program in a container says, on both outputs. Errors: a status other than 0. */
export async function inTask(
  { host, id, name }: Task,
  argv: string[],
  input = '',
): Promise<string> {
  const all = ['docker', 'exec', '-i', id, ...argv];
  const env = host.dockerEnv();
  const { stdout, stderr, status } = await run(all, { env, input, timeoutMs: EXEC_MS });
  if (status === 0) return stdout + stderr;
  throw new Error(`${name}: "${argv.join(' ')}" ended with ${status}: ${stdout}${stderr}`);
}

/** What a container has said so far. With `stamped`, each line after Docker's time for it. */
export async function logOf({ host, id }: Task, options: { stamped?: boolean } = {}) {
  const stamp = options.stamped ? ['--timestamps'] : [];
  const argv = ['docker', 'logs', ...stamp, id];
  const { stdout, stderr } = await run(argv, { env: host.dockerEnv(), timeoutMs: EXEC_MS });
  return (stdout + stderr).replaceAll('\r', '');
}

/**
 * Asks again and again until the software says what is awaited, and shows its words.
 * @returns the words. Errors: what it said last, when the time is over
 */
export async function says(
  ask: () => Promise<string>,
  awaited: { what: string; words: RegExp; withinMs: number },
): Promise<string> {
  const { what, words, withinMs } = awaited;
  let last = '';
  try {
    const found = await until(
      async () => {
        last = await ask();
        return words.exec(last)?.[0];
      },
      { what: `${what}: ${words}`, timeoutMs: withinMs, everyMs: 250 },
    );
    console.log(`${what}:\n${found.replaceAll(/^/gm, '    ')}`);
    return found;
  } catch (error) {
    throw new Error(`${(error as Error).message}. It said last:\n${last.slice(-1_500)}`);
  }
}
