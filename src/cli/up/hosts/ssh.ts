import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Outcome, run } from '../../../system/run.ts';
import { quote } from '../../quote.ts';
import type { Target } from '../core/wanted.ts';
import type { Host } from './host.ts';

/** Milliseconds for a question; a host that is busy answers in seconds. */
const ANSWER_MS = 60_000;
/** Milliseconds for a file of 50 MB, by a line of 1 Mbit/s. */
const FEED_MS = 600_000;

/**
 * Options that make ssh ask nobody, notice a host that died, and share one connection. All else is as
 * the user's own config, agent and known_hosts say.
 */
const OPTIONS = {
  BatchMode: 'yes',
  ConnectTimeout: '10',
  ServerAliveInterval: '5',
  ServerAliveCountMax: '3',
  ControlMaster: 'auto',
  ControlPersist: '60',
  // Forwardings of the user's config have no place here, and could fail.
  ClearAllForwardings: 'yes',
} as const;

export interface SshOptions {
  /** As `ssh -F`. */
  readonly config?: string | undefined;
  /** Ends what runs. */
  readonly signal?: AbortSignal | undefined;
}

type Ending = [status: number | null, signal: NodeJS.Signals | null];

/** Ways to hosts, which are closed together. */
export class Ways {
  readonly #options: SshOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #used = new Set<Target>();
  #directory: string | undefined;

  constructor(options: SshOptions = {}) {
    this.#options = options;
    options.signal?.addEventListener('abort', () => this.#kill(), { once: true });
  }

  /** Must be called once before the first host is used. */
  async open(): Promise<void> {
    // A socket's path has 108 bytes, and ssh makes a name of 40 and some more of them.
    const base = tmpdir().length > 40 ? '/tmp' : tmpdir();
    this.#directory = await mkdtemp(join(base, 'castnet-ssh-'));
  }

  host(target: Target): Host {
    const argv = (script: string): string[] =>
      target.here ? ['sh', '-c', elevated(script)] : this.#ssh(target, elevated(script));
    return {
      name: target.name,
      target,
      run: (script, { input = '', timeoutMs = ANSWER_MS, evenIfInterrupted = false } = {}) =>
        this.#run(argv(script), { input, timeoutMs, evenIfInterrupted }),
      feed: (script, file, { timeoutMs = FEED_MS } = {}) =>
        this.#run(argv(script), { file, timeoutMs }),
      start: (script) => this.#spawn(argv(script)),
    };
  }

  /** Ends the connections, and what still runs by them. */
  async close(): Promise<void> {
    this.#kill();
    if (this.#directory === undefined) return;
    const ends = [...this.#used].map((it) =>
      run([...this.#base(it), '-O', 'exit', '--', it.host], '', { timeoutMs: 5_000 }).catch(
        () => {},
      ),
    );
    await Promise.all(ends);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** What ssh would make of a target by its config. @returns the name or address it connects to */
  async resolved(target: Target): Promise<string> {
    const argv = [...this.#base(target), '-G', '--', target.host];
    const { stdout } = await run(argv, '', { timeoutMs: 10_000 });
    return /^hostname (.*)$/m.exec(stdout)?.[1] ?? target.host;
  }

  #base({ user, port }: Target): string[] {
    const { config } = this.#options;
    const options = { ...OPTIONS, ControlPath: join(this.#directory ?? '/tmp', '%C') };
    return [
      'ssh',
      ...(config === undefined ? [] : ['-F', config]),
      '-T',
      '-x',
      ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
    ];
  }

  #ssh(target: Target, script: string): string[] {
    this.#used.add(target);
    // A user's own shell may be none of POSIX: it is given one word to pass on.
    return [...this.#base(target), '--', target.host, `exec sh -c ${quote(script)}`];
  }

  #spawn(argv: readonly string[], evenIfInterrupted = false): ChildProcess {
    if (!evenIfInterrupted) this.#options.signal?.throwIfAborted();
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    // One that ended before it read everything says so by its status.
    child.stdin.on('error', () => {});
    return child;
  }

  async #run(
    argv: readonly string[],
    from: {
      input?: string | Uint8Array;
      file?: string;
      timeoutMs: number;
      evenIfInterrupted?: boolean;
    },
  ): Promise<Outcome> {
    const child = this.#spawn(argv, from.evenIfInterrupted);
    let [stdout, stderr, late] = ['', '', false];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, from.timeoutMs);
    const ended = new Promise<Ending>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve([status, signal]));
      // The master that ssh leaves behind keeps its error output open, and that alone.
      let [exit, isRead]: [Ending | undefined, boolean] = [undefined, false];
      const look = (): void => {
        if (exit !== undefined && isRead) resolve(exit);
      };
      child.once('exit', (status, signal) => {
        exit = [status, signal];
        look();
      });
      child.stdout?.once('close', () => {
        isRead = true;
        look();
      });
    });
    if (from.file === undefined) child.stdin?.end(from.input ?? '');
    else if (child.stdin) await pipeline(createReadStream(from.file), child.stdin).catch(() => {});
    const [status, signal] = await ended.finally(() => clearTimeout(timer));
    if (!from.evenIfInterrupted) this.#options.signal?.throwIfAborted();
    return { status, signal, late, stdout, stderr };
  }

  #kill(): void {
    for (const it of this.#children) it.kill('SIGTERM');
  }
}

/**
 * A script as root: as it is, or by `sudo -n`, which asks nobody. sudo empties the environment, so what
 * ssh said of the connection goes along as an argument of env.
 */
export function elevated(script: string): string {
  return (
    'if [ "$(id -u)" = 0 ]; then set --; else set -- sudo -n --; fi; ' +
    `exec "$@" env CASTNET_FROM="$SSH_CONNECTION" sh -c ${quote(script)}`
  );
}
