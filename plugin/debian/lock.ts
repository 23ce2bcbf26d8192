import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Architecture } from '../../src/cli/plugin/architecture.ts';

/**
 * Which packages of Debian the plugin is made of, to the byte: `plugin/debian/lock.json`, written by
 * `npm run plugin:lock` and committed. A build takes what stands here, whatever the building machine has.
 */
const LockedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Debian's name of the processor, or `all`. */
  architecture: z.string(),
  /** Codename of the suite that it is of. */
  suite: z.string(),
  /** Below the mirror: pool/main/… */
  path: z.string().regex(/^pool\/[\w./+~%-]+\.deb$/),
  /** Bytes of the package. */
  size: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What is taken of it: path in the package by path in the rootfs. */
  files: z.record(z.string().startsWith('/'), z.string()),
});
export type LockedPackage = z.infer<typeof LockedPackage>;

const Lock = z.strictObject({
  /** Codename of the suite that most are of. */
  suite: z.string(),
  /** When the packages were the suite's newest, as snapshot.debian.org names a moment. */
  snapshot: z.string().regex(/^\d{8}T\d{6}Z$/),
  /** The Node whose libraries are here; see `lock.test.ts`. */
  node: z.string(),
  amd64: z.array(LockedPackage),
  arm64: z.array(LockedPackage),
  /** Of amd64: what takes the symbols out of Node, for either processor. */
  tools: z.array(LockedPackage),
});
export type Lock = z.infer<typeof Lock>;

/** Where it is in a checkout. */
export const LOCK_FILE = 'plugin/debian/lock.json';

/** @throws Error naming the first thing in it that is wrong */
export async function readLock(root: string): Promise<Lock> {
  const found = Lock.safeParse(JSON.parse(await readFile(join(root, LOCK_FILE), 'utf8')));
  if (found.success) return found.data;
  const [first] = found.error.issues;
  throw new Error(
    `${LOCK_FILE}: ${first?.path.join('.')}: ${first?.message}. Run: npm run plugin:lock`,
  );
}

/** The packages of one processor and the tools, each once: what a build has to have. */
export function packagesFor(lock: Lock, architecture: Architecture): LockedPackage[] {
  const all = [...lock[architecture], ...lock.tools];
  return [...new Map(all.map((it) => [it.sha256, it])).values()];
}
