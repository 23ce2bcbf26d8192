import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { sandboxIdentity, seen } from './sandbox.ts';

/**
 * Tells when a container's network namespace appears at the path that Docker names it with. Up to 27
 * Docker calls Join before the namespace is made: runc makes it, and has Docker bind it to the path and
 * move the interfaces in before it starts the container's process (libnetwork, sandbox.go, SetKey; seen
 * with 20.10.24: 137 ms and more before the process).
 *
 * The file at the path is there first, and the kernel tells of that (inotify); the mount on it, of
 * which it does not tell, follows within a millisecond.
 */

/** From one look to the next when nothing was told, milliseconds. */
const LOOK_MS = 20;

/** After the file appeared: from one look to the next, and for how long, milliseconds. */
const SOON_MS = 1;
const SOON_FOR_MS = 100;

/**
 * Waits for a namespace.
 * @param path as Docker names it
 * @returns whether it is there; false when `signal` came first
 */
export function whenNamespace(path: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let soonUntil = 0;

  const end = (there: boolean): void => {
    clearTimeout(timer);
    watcher?.close();
    signal.removeEventListener('abort', aborted);
    resolve(there);
  };
  const aborted = (): void => end(false);
  const look = (): void => {
    clearTimeout(timer);
    const isThere = sandboxIdentity(path) !== undefined;
    if (isThere || signal.aborted) end(isThere);
    else timer = setTimeout(look, performance.now() < soonUntil ? SOON_MS : LOOK_MS);
  };

  signal.addEventListener('abort', aborted);
  const file = seen(path);
  try {
    // A directory that is not there yet is made with Docker's first container; the timer finds that.
    watcher = watch(dirname(file), { persistent: false }, (_, name) => {
      if (name !== basename(file)) return;
      soonUntil = performance.now() + SOON_FOR_MS;
      look();
    });
    watcher.on('error', () => watcher?.close());
  } catch {}
  look();
  return promise;
}
