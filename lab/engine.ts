/** A host's Docker Engine: its settings, its start, and requests to its API. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../src/cli/output.ts';
import { quote } from '../src/cli/quote.ts';
import { ask } from '../src/system/http.ts';
import { GiveUp, until } from './run.ts';

/**
 * The Engine's daemon.json. Given with --config-file, because the machine's
 * own /etc/docker/daemon.json must not reach the lab. What is not named here
 * has Docker's default: /var/lib/docker, /run/docker and the storage driver
 * that it picks.
 */
export function engineConfig(cgroupParent: string): Record<string, unknown> {
  return {
    hosts: ['unix:///run/docker.sock', 'unix:///run/lab/docker.sock'],
    // Only root may use it; Docker's default is the machine's group "docker".
    group: 'root',
    pidfile: '/run/docker.pid',
    'cgroup-parent': cgroupParent,
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
  };
}

export type EngineScript = {
  /** Directory of the Engine's programs, before those of PATH; undefined for the machine's own. */
  bin: string | undefined;
  /** Its environment beside PATH and HOME. */
  env: Readonly<Record<string, string>>;
};

/**
 * The script engine.sh, by which a host starts its Engine. It joins the control
 * groups first, since who runs it comes from outside. The environment is
 * emptied: a proxy of the machine is none for a Swarm without a way out. By
 * PATH the Engine finds the containerd, shim, runc and proxy that belong to it.
 * The pid file of a killed Engine is removed, for its number may belong to another
 * process by now; engine.pid holds the start time too, which tells them apart.
 */
export function engineScript({ bin, env }: EngineScript): string {
  const path = bin === undefined ? '"$PATH"' : `${quote(bin)}:"$PATH"`;
  const variables = Object.entries(env).map(([name, value]) => ` ${quote(`${name}=${value}`)}`);
  return `set -eu
while read -r dir; do echo 0 >"$dir/cgroup.procs"; done </run/lab/cgroups
rm -f /run/docker.pid
export PATH=${path} HOME=/root
env -i PATH="$PATH" HOME="$HOME"${variables.join('')} setsid dockerd --config-file /run/lab/daemon.json \\
  </dev/null >>/run/lab/dockerd.log 2>&1 &
echo "$! $(cut -d ' ' -f 22 /proc/$!/stat)" >/run/lab/engine.pid
`;
}

/** An answer of the Engine's API that reports a failure. */
export class EngineError extends Error {
  /** HTTP status, 400 or more. */
  readonly status: number;

  constructor(what: string, status: number, message: string) {
    super(`${what}: ${status} ${message}`);
    this.name = 'EngineError';
    this.status = status;
  }
}

export type EngineRequest = {
  socket: string;
  method: string;
  path: string;
  body?: unknown;
  timeoutMs?: number;
};

/**
 * One request to the Engine; its answer parsed if it is JSON, else as text.
 * Errors: EngineError for a status of 400 and more, Error without an answer.
 */
export async function engineRequest<T>(options: EngineRequest): Promise<T> {
  const { socket, method, path, body, timeoutMs = 60_000 } = options;
  const { status, text } = await ask({
    ...{ socketPath: socket, method, path, timeoutMs },
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = parseAnswer(text);
  if (status >= 400) throw new EngineError(`${method} ${path}`, status, messageOf(value));
  return value as T;
}

/**
 * Waits until the Engine answers. Errors: when it has not after `timeoutMs`,
 * or has ended, with the last lines of its log.
 */
export async function waitForEngine(options: {
  dir: string;
  socket: string;
  isAlive: () => Promise<boolean>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { dir, socket, isAlive, timeoutMs, signal } = options;
  try {
    await until(
      async () => {
        if (!(await isAlive())) throw new GiveUp('it has ended');
        await engineRequest<string>({ socket, method: 'GET', path: '/_ping', timeoutMs: 5_000 });
        return true;
      },
      { what: 'the answer of the Docker Engine', timeoutMs, signal },
    );
  } catch (error) {
    if (signal?.aborted) throw error;
    const log = await engineLog(dir, { lines: 12 });
    throw new UserError(`Docker Engine at ${socket}: ${(error as Error).message}`, {
      hint: `The end of its log:\n${log}`,
      cause: error,
    });
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value)
    return String(value.message);
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
}

/**
 * The last lines of the log in a host's directory; with `having`, of those
 * that contain it.
 */
export async function engineLog(
  dir: string,
  { lines, having = '' }: { lines: number; having?: string },
): Promise<string> {
  const log = await readFile(join(dir, 'dockerd.log'), 'utf8').catch(() => '');
  const chosen = log.split('\n').filter((line) => line !== '' && line.includes(having));
  return chosen.length === 0 ? '(nothing)' : chosen.slice(-lines).join('\n');
}
