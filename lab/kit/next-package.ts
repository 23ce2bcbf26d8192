/** A package of another build: what npm would bring with the next version, or one changed for a test. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { LabHost } from '../lab.ts';
import { mustRun } from '../run.ts';
import { ROOT } from './containers.ts';

/** What the plugin of that package says as its build. */
export const NEXT_BUILD = 'nextbuild000';

/** In what a package differs from the one of dist/. */
export type Difference = {
  /** What its plugin says as its build. */
  build: string;
  /** Environment of its agent. */
  env?: Record<string, string>;
  /** Files of this machine that its plugin has too, in /castnet. */
  files?: readonly string[];
  /** Changes the program of its agent. */
  change?: (program: string) => string;
};

/**
 * The agent as of a release that does not know the option `encrypted`: it refuses such a network, and so never
 * speaks of a key; of what a later release has kept it reads no seal and not the option.
 * @throws Error where the program has another form than expected
 */
export function withoutEncryption(program: string): string {
  const replaced = (text: string, what: RegExp, by: string): string => {
    if (text.match(what)?.length !== 1) throw new Error(`${what} is not found once`);
    return text.replace(what, by);
  };
  const option = /\bencrypted: \{(?=\s*(\/\/[^\n]*\s*)*accepts:)/g;
  const kept =
    /(JSON\.parse\(readFileSync\w*\(path, "utf8"\))(\), entry = )"sealed" in (\w+) \? \w+\.sealed : \w+/g;
  const ignored = `$1.replace('"encrypted":true', '"of a later release":true')$2$3`;
  return replaced(replaced(program, option, '"of a later release": {'), kept, ignored);
}

/**
 * dist/ once more, under another build, in a directory of its own that the caller removes. Files
 * are linked, as the rootfs is large.
 */
export async function nextPackage(
  { build, env = {}, files = [], change = (it) => it }: Difference = { build: NEXT_BUILD },
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'castnet-next-'));
  const dist = join(dir, 'dist');
  await mkdir(dist);
  for (const it of ['plugin', 'rootfs.tar.gz', 'helper.mjs']) {
    await mustRun(['cp', '-al', join(ROOT, 'dist', it), join(dist, it)]);
  }
  const command = (await readdir(join(ROOT, 'dist'))).filter((it) => /^castnet.*\.js$/.test(it));
  await Promise.all(command.map((it) => cp(join(ROOT, 'dist', it), join(dist, it))));
  const config = JSON.parse(await readFile(join(ROOT, 'dist/config.json'), 'utf8')) as {
    env: { name: string; value: string; settable?: string[] }[];
  };
  for (const it of config.env) if (it.name === 'CASTNET_BUILD') it.value = build;
  for (const [name, value] of Object.entries(env)) config.env.push({ name, value, settable: [] });
  // The copies are links to the checkout's files, which must stay as they are.
  const inPlugin = join(dist, 'plugin/rootfs/castnet');
  const agent = join(inPlugin, 'agent.mjs');
  const code = change(await readFile(agent, 'utf8'));
  for (const path of [agent, join(dist, 'plugin/config.json')]) await rm(path);
  // Beside the archive for who unpacks it, in the directory for who has it.
  for (const path of [agent, join(dist, 'agent.mjs')]) {
    await writeFile(path, `${code}\n// Another build: ${build}.\n`);
  }
  await Promise.all(files.map((it) => cp(it, join(inPlugin, basename(it)), { dereference: true })));
  for (const path of ['config.json', 'plugin/config.json']) {
    await writeFile(join(dist, path), JSON.stringify(config));
  }
  return dir;
}

/** Upgrades a host to the plugin of the package in that directory. @returns what castnet says */
export function upgradeFrom(
  root: string,
  host: LabHost,
  { timeoutMs = 120_000 } = {},
): Promise<string> {
  const program = [process.execPath, join(root, 'dist/castnet.js'), 'plugin', 'upgrade'];
  return mustRun([...program, '-H', host.dockerHost], { timeoutMs });
}
