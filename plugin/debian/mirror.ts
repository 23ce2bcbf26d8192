import { run } from '../../src/system/run.ts';
import type { Lock } from './lock.ts';

/** What everyone can reach who has no mirror nearer. */
const DEFAULT = 'http://ftp.debian.org/debian';

/** Chooses another mirror: http, https or file. */
export const MIRROR_VARIABLE = 'CASTNET_DEBIAN_MIRROR';

/** Debian's own archive of every package there ever was, as of a moment. */
export const snapshotOf = ({ snapshot }: Lock): string =>
  `https://snapshot.debian.org/archive/debian/${snapshot}`;

/**
 * The mirrors to ask for packages, in their order. Which it is matters little, for each file is
 * checked against the lock.
 */
export async function mirrorsFor(lock: Lock): Promise<string[]> {
  const given = process.env[MIRROR_VARIABLE];
  if (given) return [given.replace(/\/+$/, '')];
  return [(await machinesMirror()) ?? DEFAULT, snapshotOf(lock)];
}

/** Where the machine has its own Debian packages from; undefined on another distribution. */
async function machinesMirror(): Promise<string | undefined> {
  const format = ['--format', '$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)'];
  const argv = ['apt-get', 'indextargets', ...format, 'Created-By: Packages'];
  const { stdout } = await run(argv).catch(() => ({ stdout: '' }));
  for (const line of stdout.split('\n')) {
    const [uri, origin, label, component] = line.split(' ');
    // Not Debian-Security's, which has other files.
    if (origin === 'Debian' && label === 'Debian' && component === 'main') {
      return uri?.replace(/\/+$/, '');
    }
  }
  return undefined;
}
