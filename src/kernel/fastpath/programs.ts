import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MAPS, NO_SELF } from '../../core/fastpath/entries.ts';
import { INSIDE, OUTSIDE, PROGRAMS, type Program } from '../../core/fastpath/facts.ts';
import { TALLY_MAPS } from '../../core/fastpath/tallies.ts';
import { mustRun, run } from '../../system/run.ts';
import { inNamespace } from '../namespace.ts';
import { updateLine } from './lines.ts';
import { ownFilters } from './look.ts';
import { silenceFilters } from './silence.ts';
import { removeFilters, removeHook } from './write.ts';

/** Of files that say which devices of the host's got their hook from castnet. */
const HOOK = 'hook-';
/** Longer than a packet waits in the queue of a busy processor, milliseconds. */
const DRAIN_MS = 100;
const BUILD = /^[0-9a-f]{12}(-new)?$/;

/**
 * The programs of bpf/fastpath.c in the kernel. They and their maps are pinned on a file system of their
 * own below the host's /run, in a directory for each build: an agent that starts finds them, and one of
 * another release makes its own before it lets go of the others. Filters at devices keep a program and its
 * maps also without a pin.
 */
export class Programs {
  readonly #object: string;
  readonly #mount: string;
  #directory = '';

  /**
   * @param object the compiled programs
   * @param mount where their file system is mounted, below the host's /run
   */
  constructor(object: string, mount: string) {
    this.#object = object;
    this.#mount = mount;
  }

  /** Where this build's programs are pinned, and below `maps` their maps. */
  get directory(): string {
    return this.#directory;
  }

  /** What this build's programs are called. @throws Error when the plugin has none */
  async build(): Promise<string> {
    const bytes = await readFile(this.#object);
    return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  }

  /**
   * Loads the programs and makes the pair between the namespaces, as far as they are not there.
   * @throws CommandError in the words of bpftool, ip or mount
   */
  async load(): Promise<void> {
    const build = await this.build();
    this.#directory = `${this.#mount}/${build}`;
    await mkdir(this.#mount, { recursive: true });
    if (!(await this.#isMounted())) await mustRun(['mount', '-t', 'bpf', 'bpf', this.#mount]);
    const builds = await this.#builds();
    if (!(await this.#isWhole())) {
      // A name with a dot is the file system’s own.
      const aside = `${this.#directory}-new`;
      await rm(aside, { recursive: true, force: true });
      await mustRun([
        'bpftool',
        'prog',
        'loadall',
        this.#object,
        aside,
        'pinmaps',
        `${aside}/maps`,
      ]);
      // Of a build that somebody took a part of, no more can be known or changed.
      if (builds.includes(build)) await this.#retire(this.#directory);
      await silenceFilters();
      await rename(aside, this.#directory);
    }
    for (const it of builds.filter((name) => name !== build))
      await this.#retire(`${this.#mount}/${it}`);
    await this.#pair();
  }

  /**
   * Takes everything away: what went the fast path goes the slow one from its first step on.
   * @param hooks whether also hooks that devices got from us, for which these stop for a moment
   */
  async unload({ hooks }: { hooks: boolean }): Promise<void> {
    if (await this.#isMounted()) {
      for (const it of await this.#builds()) await this.#retire(`${this.#mount}/${it}`);
      await mustRun(['umount', '--lazy', this.#mount]);
    }
    await rm(this.#mount, { recursive: true, force: true });
    const takesIn = (it: { program: Program }) => it.program.startsWith('from_');
    const taking = (await ownFilters()).filter(takesIn);
    await removeFilters(taking);
    // What they took before may still wait between the pair's ends, and ends with it.
    if (taking.length > 0) await setTimeout(DRAIN_MS);
    if (hooks) for (const it of await this.#hooked()) await removeHook(it);
    await run(['ip', 'link', 'del', 'dev', OUTSIDE]);
  }

  /** Notes that a device of the host's got its hook from us. */
  async noteHook(dev: string): Promise<void> {
    await writeFile(`${this.#mount}-${HOOK}${dev}`, '');
  }

  async #hooked(): Promise<string[]> {
    const notes = `${basename(this.#mount)}-${HOOK}`;
    const files = await readdir(dirname(this.#mount)).catch(() => []);
    return files.filter((it) => it.startsWith(notes)).map((it) => it.slice(notes.length));
  }

  /** Programs of another build let every packet pass from now on, and go with their last filter. */
  async #retire(directory: string): Promise<void> {
    await run(['bpftool', 'batch', 'file', '-'], `${updateLine(`${directory}/maps`, NO_SELF)}\n`);
    await rm(directory, { recursive: true, force: true });
  }

  /** Whether each program and map of this build is pinned. */
  async #isWhole(): Promise<boolean> {
    const maps = [...MAPS, ...TALLY_MAPS].map((it) => `maps/${it}`);
    const pins = [...PROGRAMS, ...maps].map((it) => stat(`${this.#directory}/${it}`));
    return (await Promise.allSettled(pins)).every((it) => it.status === 'fulfilled');
  }

  /** The file system has files of its own beside them. */
  async #builds(): Promise<string[]> {
    return (await readdir(this.#mount)).filter((it) => BUILD.test(it));
  }

  async #isMounted(): Promise<boolean> {
    const [own, parent] = await Promise.all(
      [this.#mount, dirname(this.#mount)].map((it) => stat(it).catch(() => undefined)),
    );
    return own !== undefined && own.dev !== parent?.dev;
  }

  async #pair(): Promise<void> {
    const there = await run(['ip', 'link', 'show', 'dev', OUTSIDE]);
    const inside = await run(inNamespace('ip', 'link', 'show', 'dev', INSIDE));
    if (there.status === 0 && inside.status === 0) return;
    await run(['ip', 'link', 'del', 'dev', OUTSIDE]);
    // No address and no neighbours: nothing but the programs' packets goes by it. The largest MTU, for
    // what is too large for the way to the hosts was refused before.
    const own = `/proc/${process.pid}/ns/net`;
    const lines = [
      `link add dev ${INSIDE} mtu 65535 type veth peer name ${OUTSIDE} mtu 65535 netns ${own}`,
      `link set dev ${INSIDE} arp off addrgenmode none up`,
    ];
    await mustRun(inNamespace('ip', '-batch', '-'), `${lines.join('\n')}\n`);
    await mustRun(['ip', 'link', 'set', 'dev', OUTSIDE, 'arp', 'off', 'addrgenmode', 'none', 'up']);
  }
}
