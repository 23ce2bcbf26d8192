import { mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mustRun, run } from '../system/run.ts';
import { HeldNamespace } from './held-namespace.ts';

/** Where a network namespace of castnet's is found. */
export const namespacePath = (name: string): string => `/run/netns/${name}`;

/**
 * A network namespace of castnet's. It is kept under the host's /run by a bind mount, so it outlives the
 * agent, and a person finds it with `ip netns`.
 */
export class KeptNamespace {
  readonly path: string;
  readonly #name: string;
  readonly #held: HeldNamespace;
  /** The host's /run through which a mount reaches the host, and what keeps the namespace alive. */
  #bound = { path: '', fd: -1 };

  constructor(name: string) {
    this.#name = name;
    this.path = namespacePath(name);
    this.#held = new HeldNamespace({
      there: () => namespaceNumber(this.path),
      bind: async () => {
        const { path, fd } = this.#bound;
        await emptyFile(path);
        // mount(8) would look where a descriptor leads by its name; a namespace's own it takes as it is.
        const inside = ['nsenter', `--net=/proc/${process.pid}/fd/${fd}`];
        await mustRun([...inside, 'mount', '--bind', '/proc/self/ns/net', path]);
      },
    });
  }

  /** The argv prefix that runs a program inside the namespace. */
  readonly inside = (...argv: readonly string[]): string[] => [
    'nsenter',
    `--net=${this.path}`,
    ...argv,
  ];

  /** Whether a namespace is mounted there, not just an empty file left of one. */
  async works(): Promise<boolean> {
    return (await run(this.inside('ip', 'link', 'show', 'dev', 'lo'))).status === 0;
  }

  /**
   * Makes it where it is not. As `ip netns add` does, which cannot be used: in a plugin it would bind the
   * namespace where the host does not see it.
   * @param sharedRun the host's /run through which a mount reaches the host
   */
  async make(sharedRun: string): Promise<void> {
    const path = `${sharedRun}/netns/${this.#name}`;
    await emptyFile(path);
    await mustRun(['unshare', `--net=${path}`, process.execPath, '--version']);
  }

  /** From now on it is held, and put back when it is taken from its path, which is told. */
  hold(sharedRun: string, onRestored: () => void): void {
    const path = `${sharedRun}/netns/${this.#name}`;
    this.#bound = { path, fd: openSync(this.path, 'r') };
    this.#held.hold(onRestored);
  }

  /** Looks whether it is at its path, and puts it back if not. */
  look(): Promise<void> {
    return this.#held.look();
  }
}

/** Of what is mounted at its path; a file without a namespace has another number than any. */
function namespaceNumber(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Where a namespace can be bound. */
async function emptyFile(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  // A file without a namespace behind it stays when a mount was lost.
  await run(['umount', path]);
  writeFileSync(path, '');
}
