import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CommandError } from '../system/run.ts';

/** A line that failed, counted from 1, and iproute2's words for it. */
export interface Failure {
  readonly line: number;
  readonly message: string;
}

/** What iproute2 said to lines that ask. */
export interface Answers {
  /** JSON, one text for each line that did not fail, in their order. */
  readonly answers: readonly string[];
  readonly failures: readonly Failure[];
}

/** iproute2 knows no such object: its complaint, with the line's number, says that all before it is done. */
const END = 'end-of-batch';

/** Nothing castnet asks for takes a second; a child that hangs must not hold the reconciler. */
const TIMEOUT_MS = 10_000;

interface Pending {
  /** Of the child's first line of it, counted from 1. */
  readonly first: number;
  /** The end mark's line. */
  readonly end: number;
  readonly answers: string[];
  readonly failures: Failure[];
  readonly resolve: (said: Answers) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A tool of iproute2 that stays (`-force -batch -`) and is given lines as they come: starting one
 * for every change or look costs several times as much as that itself, in this process too.
 *
 * It remembers the index of each device by name (lib/ll_map.c), so it must be retired whenever a
 * device is made or removed.
 */
export class Batch {
  /** The tool with its options. */
  readonly argv: readonly string[];
  readonly #timeoutMs: number;
  #child: ChildProcess | undefined;
  #lines = 0;
  #pending: Pending | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * @param argv the tool with its options
   * @param timeoutMs how long a call may take, milliseconds; another one in tests
   */
  constructor(argv: readonly string[], timeoutMs = TIMEOUT_MS) {
    this.argv = argv;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs lines that print nothing, in order, and goes on after one that fails; calls follow one another.
   * @throws CommandError when the tool cannot be started, ends, or hangs
   */
  async run(lines: readonly string[]): Promise<readonly Failure[]> {
    return (await this.#inTurn(() => this.#run(lines))).failures;
  }

  /**
   * Runs lines that ask, of a tool with `-json`: it ends each answer with its line and writes it out then
   * (lib/json_writer.c, jsonw_destroy). One that fails may have begun to print, so the child ends with it, as
   * with one that has no answer.
   * @throws CommandError as `run` does
   */
  ask(lines: readonly string[]): Promise<Answers> {
    return this.#inTurn(async () => {
      const said = await this.#run(lines);
      if (said.failures.length > 0 || said.answers.length !== lines.length) this.#end();
      return said;
    });
  }

  /** Ends the child after what it was given; the next lines get a new one. */
  retire(): Promise<void> {
    return this.#inTurn(async () => this.#end());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  #end(): void {
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  #run(lines: readonly string[]): Promise<Answers> {
    const child = this.#child ?? this.#start();
    const first = this.#lines + 1;
    const end = first + lines.length;
    this.#lines = end;
    const { promise, resolve, reject } = Promise.withResolvers<Answers>();
    this.#pending = { first, end, answers: [], failures: [], resolve, reject };
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#timeoutMs);
    child.stdin?.write(`${[...lines, END].join('\n')}\n`);
    return promise.finally(() => clearTimeout(timer));
  }

  #start(): ChildProcess {
    const [program, ...args] = this.argv as [string, ...string[]];
    const child = spawn(program, args, { stdio: 'pipe' });
    this.#child = child;
    this.#lines = 0;
    let words: string[] = [];
    const ended = (status: number | null, why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#pending?.reject(new CommandError(this.argv, status, why));
      this.#pending = undefined;
    };
    child.on('error', (error) => ended(null, error.message));
    child.on('close', (status) => ended(status, words.join(' ')));
    // One that could not be started for want of files has none (Node, lib/internal/child_process.js).
    if (!child.stdin || !child.stdout || !child.stderr) return child;
    // A child that ends before it has read everything (EPIPE) is told of by its end.
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (this.#child === child && text !== '') this.#pending?.answers.push(text);
    });
    createInterface({ input: child.stderr }).on('line', (text) => {
      const line = Number(/^Command failed \S*:(\d+)$/.exec(text)?.[1]);
      if (Number.isNaN(line)) {
        if (text.trim() !== '') words.push(text.trim());
      } else {
        if (this.#child === child) this.#failed(line, words.join(' ') || 'refused');
        words = [];
      }
    });
    return child;
  }

  #failed(line: number, message: string): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (line < pending.end) {
      pending.failures.push({ line: line - pending.first + 1, message });
      return;
    }
    // What it answered was written before the end mark's failure, by another way, and may be read after it: what
    // stood between the two reads of one turn may have taken long. The second turn has looked at both anew.
    setImmediate(() =>
      setImmediate(() => {
        if (this.#pending !== pending) return;
        this.#pending = undefined;
        pending.resolve(pending);
      }),
    );
  }
}
