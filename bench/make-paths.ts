/** Makes the paths that measurements ask for, once each, and takes them down together. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { type PathName, SLOW } from './context.ts';
import type { Path } from './path.ts';
import { barePath } from './paths/bare.ts';
import {
  castnetPath,
  encryptedOverlayPath,
  encryptedPath,
  type Homes,
  loadImages,
  makeHomes,
  overlayPath,
  slowPath,
} from './paths/docker.ts';
import { n2nPath } from './paths/n2n.ts';
import { tincPath } from './paths/tinc.ts';
import { floodingPath, handMadeEncryptedPath, handMadePath } from './paths/vxlan.ts';

/** Paths that a machine may lack the programs or the kernel for; without the others there is nothing to measure. */
const OPTIONAL: PathName[] = ['tinc', 'n2n', 'overlay-encrypted'];

const WITH_DOCKER: { readonly [name in PathName]?: (lab: Lab) => Promise<Path> } = {
  castnet: castnetPath,
  'castnet-encrypted': encryptedPath,
  overlay: overlayPath,
  'overlay-encrypted': encryptedOverlayPath,
  [SLOW]: slowPath,
};

export class PathMaker {
  readonly #lab: Lab;
  readonly #directory: string;
  readonly #fastPath: boolean;
  readonly #note: (text: string) => void;
  readonly #made = new Map<PathName, Promise<Path | undefined>>();
  #images: Promise<void> | undefined;
  #homes: Promise<Homes> | undefined;

  /**
   * `directory` is for files of the paths, `note` is told why an optional path is missing. Without
   * `fastPath` castnet has one way alone.
   */
  constructor(options: {
    lab: Lab;
    directory: string;
    fastPath: boolean;
    note: (text: string) => void;
  }) {
    this.#lab = options.lab;
    this.#fastPath = options.fastPath;
    this.#directory = options.directory;
    this.#note = options.note;
  }

  /** The path of this name; undefined if it is optional and cannot be had here. */
  get(name: PathName): Promise<Path | undefined> {
    let path = this.#made.get(name);
    if (path === undefined) {
      path = this.#make(name).catch((error: Error) => {
        if (!OPTIONAL.includes(name)) throw error;
        this.#note(`${name}: ${error.message}`);
        return undefined;
      });
      this.#made.set(name, path);
    }
    return path;
  }

  /** Those that can be had, in the order given; made one after the other. */
  async all(names: readonly PathName[]): Promise<Path[]> {
    const paths: Path[] = [];
    for (const name of names) {
      const path = await this.get(name);
      if (path !== undefined) paths.push(path);
    }
    return paths;
  }

  /** Takes all of them down; goes on after one that fails, and tells of it. */
  async close(): Promise<void> {
    for (const made of [...this.#made.values()].reverse()) {
      const path = await made.catch(() => undefined);
      await path?.close().catch((error: Error) => this.#note(`${path.name}: ${error.message}`));
    }
    this.#made.clear();
    const homes = await this.#homes?.catch(() => undefined);
    await homes?.close().catch((error: Error) => this.#note(error.message));
  }

  async #make(name: PathName): Promise<Path | undefined> {
    const lab = this.#lab;
    if (name === SLOW && !this.#fastPath) return undefined;
    this.#images ??= loadImages(lab);
    await this.#images;
    const makeWithDocker = WITH_DOCKER[name];
    if (makeWithDocker !== undefined) return makeWithDocker(lab);
    this.#homes ??= makeHomes(lab);
    const { stations: homes } = await this.#homes;
    switch (name) {
      case 'bare':
        return barePath(homes);
      case 'hand-made':
        return handMadePath(lab, homes);
      case 'flooding':
        return floodingPath(lab, homes);
      case 'hand-made-encrypted':
        // By castnet's own program, where the kernel has no WireGuard.
        await this.get('castnet-encrypted');
        return handMadeEncryptedPath(lab, homes);
      case 'tinc':
        return tincPath(lab, homes, await this.#own(name));
      case 'n2n':
        return n2nPath(lab, homes, await this.#own(name));
      default:
        throw new Error(`there is no path ${name}`);
    }
  }

  async #own(name: string): Promise<string> {
    const directory = join(this.#directory, name);
    await mkdir(directory, { recursive: true });
    return directory;
  }
}
