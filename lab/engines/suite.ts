/**
 * Packages of a Debian suite that is not the machine's, by apt with a configuration, lists and a
 * package state of its own: the machine's apt is read and never changed. The mirror is the one that
 * the machine has its own packages from.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/cli/output.ts';
import { type RunResult, run } from '../run.ts';

const FETCH_MS = 600_000;

/** The suite cannot be had here. Who tests with it skips, and names it. */
export class Unreachable extends UserError {
  constructor(suite: string, why: string) {
    super(`no packages of Debian's ${suite} can be had on this machine: ${why}`, {
      hint: 'Engines and kernels of other suites, and the plugin for arm64, are made of packages that apt-get downloads from the mirror of this machine’s own.',
    });
  }
}

/** The codename of the machine's own Debian; undefined on another distribution. */
export function ownSuite(): string | undefined {
  const file = '/etc/os-release';
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1];
  return value('ID') === 'debian' ? value('VERSION_CODENAME') : undefined;
}

export type Download = {
  packages: readonly string[];
  /** Which of all that they depend on is downloaded with them, by name. */
  also: RegExp;
  /** Debian's name of the processor; the machine's own unless told. */
  architecture?: string;
  /** A directory of its own for apt's lists and archives; may hold those of an earlier call. */
  dir: string;
};

/** A package's file, and where on the mirror it was. */
export type Downloaded = { file: string; uri: string };

/**
 * Downloads packages of a suite.
 *
 * @throws Unreachable
 */
export async function downloadPackages(
  suite: string,
  { packages, also, architecture, dir }: Download,
): Promise<Downloaded[]> {
  const archives = join(dir, 'archives');
  await mkdir(join(dir, 'lists/partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  // No package counts as installed, so that apt names every library.
  await writeFile(join(dir, 'status'), '');
  const apt = aptOptions(dir, architecture);
  await writeFile(join(dir, 'sources.list'), await source(suite));
  await mustFetch(suite, ['apt-get', ...apt, '-qq', 'update']);
  const install = ['install', '-qq', '--no-install-recommends', '--print-uris'];
  const planned = await mustFetch(suite, ['apt-get', ...apt, ...install, ...packages]);
  // Lines of 'URI' NAME_VERSION_ARCHITECTURE.deb SIZE HASH.
  const wanted = [...planned.matchAll(/^'(\S+)' ((\S+?)_\S+\.deb) /gm)]
    .map(([, uri = '', file = '', name = '']) => ({ uri, file: join(archives, file), name }))
    .filter(({ name }) => packages.includes(name) || also.test(name));
  const names = wanted.map(({ name }) => name);
  await mustFetch(suite, ['apt-get', ...apt, '-qq', 'download', ...names], archives);
  return wanted.map(({ file, uri }) => ({ file, uri }));
}

/** The machine's own settings (proxies, say) stay in force but for these. */
function aptOptions(dir: string, architecture: string | undefined): string[] {
  const settings = {
    'Dir::State': dir,
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': dir,
    'Dir::Cache::archives': join(dir, 'archives'),
    'Dir::Etc::sourcelist': join(dir, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // Its user could not write here.
    'APT::Sandbox::User': 'root',
    // Else a list that cannot be had is a warning.
    'APT::Update::Error-Mode': 'any',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    ...(architecture === undefined
      ? {}
      : { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** The line of a sources.list: the suite at the place where the machine's own one is. */
async function source(suite: string): Promise<string> {
  const own = ownSuite();
  if (own === undefined) throw new Unreachable(suite, 'this is no Debian');
  const format = ['--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const targets = await mustFetch(suite, ['apt-get', 'indextargets', ...format]);
  for (const line of targets.split('\n')) {
    const [uri, release, component] = line.split(' ');
    if (release !== own || component !== 'main') continue;
    const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
    return `deb [signed-by=${keys}] ${uri} ${suite} main\n`;
  }
  throw new Unreachable(suite, `apt has no source of ${own} whose mirror could be asked`);
}

async function mustFetch(suite: string, argv: string[], cwd?: string): Promise<string> {
  const command = cwd === undefined ? argv : ['env', '-C', cwd, ...argv];
  const { stdout, stderr, status }: RunResult = await run(command, { timeoutMs: FETCH_MS }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new Unreachable(suite, 'apt-get is not on this machine');
      throw error;
    },
  );
  if (status === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-3).join('; ');
  throw new Unreachable(suite, said || `apt-get ended with status ${status}`);
}
