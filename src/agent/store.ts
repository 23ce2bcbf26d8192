import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * A map kept in files, one for each entry, so that a restarted agent still knows what Docker asked
 * for: Docker says it once. The files live under /run, like the kernel devices they speak of, and
 * are gone with them after a reboot. Bounded by what Docker has on this host.
 *
 * An entry may be sealed: kept in a form in which an earlier release's agent, to which a host may go back, finds
 * none, because that would take it up without what it does not know of it. It removes it all the same, by its name.
 */
export class Store<T extends { readonly id: string }> {
  readonly #directory: string;
  readonly #sealed: (entry: T) => boolean;
  readonly #entries = new Map<string, T>();

  constructor(directory: string, sealed: (entry: T) => boolean = () => false) {
    this.#directory = directory;
    this.#sealed = sealed;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      // A draft: its agent was killed before it was whole.
      if (name.endsWith('.new')) rmSync(`${directory}/${name}`, { force: true });
      if (name.endsWith('.json')) this.#load(`${directory}/${name}`);
    }
  }

  /** A file that cannot be read speaks of nothing: the next look finds what it spoke of as strange. */
  #load(path: string): void {
    try {
      const read = JSON.parse(readFileSync(path, 'utf8')) as T | { sealed: T };
      const entry = 'sealed' in read ? read.sealed : read;
      if (typeof entry.id === 'string') this.#entries.set(entry.id, entry);
    } catch {
      rmSync(path, { force: true });
    }
  }

  get(id: string): T | undefined {
    return this.#entries.get(id);
  }

  values(): IterableIterator<T> {
    return this.#entries.values();
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * The file is whole or absent, also after a crash: it is written beside and renamed. Errors: those
   * of the file system, as of a full disk; then nothing has changed.
   */
  set(entry: T): void {
    const path = this.#path(entry.id);
    const draft = `${path}.new`;
    try {
      writeFileSync(draft, JSON.stringify(this.#sealed(entry) ? { sealed: entry } : entry));
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    this.#entries.set(entry.id, entry);
  }

  delete(id: string): void {
    rmSync(this.#path(id), { force: true });
    this.#entries.delete(id);
  }

  clear(): void {
    for (const id of [...this.keys()]) this.delete(id);
  }

  #path(id: string): string {
    return `${this.#directory}/${id}.json`;
  }
}
