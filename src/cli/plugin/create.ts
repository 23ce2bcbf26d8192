import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../output.ts';
import type { Docker } from './docker.ts';

export interface CreateInput {
  readonly docker: Docker;
  readonly name: string;
  /** config.json and rootfs/. */
  readonly directory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly onProgress: (text: string) => void;
}

/** Makes the plugin and gives it its settings, disabled; what was half made is removed. */
export async function createPlugin(input: CreateInput): Promise<void> {
  const { docker, name, directory, settings, onProgress } = input;
  onProgress(`Creating ${name}`);
  await docker(['plugin', 'create', name, directory]);
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  if (pairs.length === 0) return;
  onProgress(`Setting ${pairs.join(' ')}`);
  await docker(['plugin', 'set', name, ...pairs]).catch(async (error: Error) => {
    await removeQuietly(docker, name);
    throw error;
  });
}

/**
 * Docker's words when nobody listened at the plugin's socket in its four looks, the last some 10 s
 * after the start (moby 20.10, plugin/manager_linux.go, pluginPostStart).
 */
const UNANSWERED = /^dial unix .*: connect: (no such file or directory|connection refused)$/;

/**
 * Docker's words while it starts the plugin for another command, such as one of a client that was
 * killed: Docker goes on (moby 20.10, libcontainerd/remote/client.go).
 */
const UNDER_WAY = /\bid already in use\b/;

/** And when that command is done (plugin/manager_linux.go, enable). */
const ENABLED = /\balready enabled\b/;

/** For Docker's own four looks at a plugin's socket, and a busy host. */
const UNDER_WAY_MS = 60_000;

/** Starts the plugin. Docker waits until the agent answers, on a busy host in vain; so it may twice. */
export async function enablePlugin(docker: Docker, name: string): Promise<void> {
  const enable = () => enableBeside(docker, name);
  const again = (error: Error) =>
    UNANSWERED.test(error.message) ? enable() : Promise.reject(error);
  await enable()
    .catch(again)
    .catch((error: Error) => {
      throw new UserError(`Docker could not start ${name}: ${enableWords(error.message)}`, {
        hint: enableHint(error.message),
        cause: error,
      });
    });
}

/** `docker plugin enable`, which may find that another command of the same kind is at it. */
async function enableBeside(docker: Docker, name: string): Promise<void> {
  const end = performance.now() + UNDER_WAY_MS;
  for (;;) {
    const error = await docker(['plugin', 'enable', name]).then(
      () => undefined,
      (failure: Error) => failure,
    );
    if (error === undefined || ENABLED.test(error.message)) return;
    if (!UNDER_WAY.test(error.message) || performance.now() >= end) throw error;
    await delay(250);
  }
}

/** Docker's words, but for the ones that name a socket where they mean a program that ended. */
export function enableWords(message: string): string {
  return UNANSWERED.test(message)
    ? 'the agent ended before it answered, or did not answer within 10 s'
    : message;
}

/** What to do about Docker's words when a plugin does not start. */
export function enableHint(message: string): string {
  const unshared = /path (\S+) is mounted on (\S+) but it is not a shared mount/.exec(message);
  if (unshared) return `On that host, as root: mount --make-rshared ${unshared[2]}`;
  if (/swarm.*no such file|no such file.*swarm/is.test(message)) {
    return 'The swarm directory under Docker’s data root is missing: give its path with --set swarm.source=PATH.';
  }
  if (/address already in use/i.test(message)) {
    return 'Another program has the port: choose a free one, on every host, with --set CASTNET_PORT=PORT.';
  }
  return 'What the agent said is in the log of that host’s Docker: journalctl -u docker | grep plugin=';
}

/** Removes a plugin as part of taking something back, where the first error is the one to tell. */
export async function removeQuietly(docker: Docker, name: string): Promise<void> {
  await docker(['plugin', 'rm', '--force', name]).catch(() => {});
}
