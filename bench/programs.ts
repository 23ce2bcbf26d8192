/** Starting programs in network namespaces; all of them end with the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { labEnv } from '../lab/run.ts';

/** A program that runs in a namespace. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the first line of output. Errors: when the program ends before one. */
  ready(): Promise<string>;
  /** Resolves at its end with all output. Errors: a status other than 0, with its stderr. */
  done(): Promise<string>;
  /** Closes its standard input, at which some programs end. */
  close(): void;
  /** Ends it and waits. */
  kill(): Promise<void>;
}

/**
 * Starts `argv` inside the network namespace at path `ns`, and nothing else of it: the program sees
 * the machine's files. It is killed when the bench dies.
 */
export function startIn(ns: string, argv: string[], env?: NodeJS.ProcessEnv): Running {
  return start(['nsenter', `--net=${ns}`, '--', ...argv], env);
}

/**
 * Starts `argv` in a network namespace as a service would be: in a session of its own, as what the Engine
 * runs has one. The scheduler shares the processors between sessions (autogroup, sched(7)), so a daemon in the
 * session of the programs that measure would have another share than castnet's.
 */
export function startService(ns: string, argv: string[], env?: NodeJS.ProcessEnv): Running {
  return start(['setsid', 'nsenter', `--net=${ns}`, '--', ...argv], env);
}

/** Starts `argv` as a child that is killed when the bench dies. */
export function start(argv: string[], env?: NodeJS.ProcessEnv): Running {
  const [file = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', '--', ...argv];
  const child = spawn(file, args, { env: labEnv(env), stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const line = Promise.withResolvers<string>();
  const end = Promise.withResolvers<string>();
  // Whoever waits gets the error; nobody need wait for both.
  line.promise.catch(() => {});
  end.promise.catch(() => {});
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
    if (out.includes('\n')) line.resolve(out.slice(0, out.indexOf('\n')));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err = (err + chunk.toString('utf8')).slice(-4000);
  });
  const failed = (why: string) => {
    const error = new Error(`"${argv.join(' ')}" ${why}: ${err.trim() || out.trim() || 'silent'}`);
    line.reject(error);
    end.reject(error);
  };
  child.once('error', (error) => failed(error.message));
  child.once('close', (code, signal) => {
    if (code !== 0) return failed(`ended with ${signal ?? code}`);
    line.reject(new Error(`"${argv.join(' ')}" ended without output`));
    end.resolve(out);
  });
  return {
    child,
    ready: () => line.promise,
    done: () => end.promise,
    close: () => child.stdin.end(),
    kill: async () => {
      child.kill('SIGKILL');
      await end.promise.catch(() => {});
    },
  };
}

/** The value in the last line of a program's output. */
export async function answer<T>(running: Running): Promise<T> {
  const lines = (await running.done()).trim().split('\n');
  return JSON.parse(lines.at(-1) ?? '') as T;
}
