import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CommandError } from '../../system/run.ts';

const ARGV = ['bpftool', 'batch', 'file', '-'];

/** bpftool answers this on its standard error, at once, and goes on (tools/bpf/bpftool/main.c, do_help). */
const END = 'help';
const ENDED = /^Usage: \S+ \[OPTIONS\] OBJECT /;

/** As of `Batch`: nothing that it is given takes a second. */
const TIMEOUT_MS = 10_000;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A bpftool that stays and is given lines that print nothing: groups come and go many times a second, and starting
 * one for each costs several times as much as what it writes. It finds each map by its path anew.
 */
export class MapWriter {
  readonly #argv: readonly string[];
  #child: ChildProcess | undefined;
  #pending: Pending | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param argv another program in tests */
  constructor(argv: readonly string[] = ARGV) {
    this.#argv = argv;
  }

  /**
   * Has it take these lines, in order, after those of earlier calls.
   * @throws CommandError in its words at the first that is refused; those after it are not taken
   */
  write(lines: readonly string[]): Promise<void> {
    const result = this.#queue.then(() => this.#write(lines));
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Ends it after what it was given; the next lines get a new one. */
  retire(): Promise<void> {
    const result = this.#queue.then(() => {
      this.#child?.stdin?.end();
      this.#child = undefined;
    });
    this.#queue = result;
    return result;
  }

  #write(lines: readonly string[]): Promise<void> {
    const child = this.#child ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending = { resolve, reject };
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.stdin?.write(`${[...lines, END].join('\n')}\n`);
    return promise.finally(() => clearTimeout(timer));
  }

  #start(): ChildProcess {
    const [program, ...args] = this.#argv as [string, ...string[]];
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child = child;
    const words: string[] = [];
    const ended = (status: number | null, why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#pending?.reject(new CommandError(this.#argv, status, why));
      this.#pending = undefined;
    };
    child.on('error', (error) => ended(null, error.message));
    // It ends at the first line that it cannot take, and says which error it was.
    child.on('close', (status) => ended(status, words.join(' ')));
    // One that could not be started for want of files has none (Node, lib/internal/child_process.js).
    if (!child.stdin || !child.stderr) return child;
    child.stdin.on('error', () => {});
    createInterface({ input: child.stderr }).on('line', (text) => {
      if (ENDED.test(text)) {
        if (this.#child !== child) return;
        this.#pending?.resolve();
        this.#pending = undefined;
      } else if (text.startsWith('Error')) words.push(text);
    });
    return child;
  }
}
