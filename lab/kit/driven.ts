/** The test's end of a program that takes commands as JSON lines (lab/tools/obey.ts). */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Milliseconds in which a program must start, or answer. */
const PATIENCE_MS = 30_000;

export type Answer = { id?: number; ready?: boolean; error?: string } & Record<string, unknown>;

export class Driven {
  /** For errors. */
  readonly name: string;
  readonly #child: ChildProcess;
  /** Requests without an answer yet. */
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #complaint = '';
  #ended = false;
  #next = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  /** Waits until a program that has been started with pipes is ready. */
  static async begin(name: string, child: ChildProcess): Promise<Driven> {
    const driven = new Driven(name, child);
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('no pipes');
    stdin.on('error', () => {});
    stderr.on('data', (chunk: Buffer) => {
      driven.#complaint += chunk.toString();
    });
    const ready = driven.#expect(0, 'start');
    createInterface({ input: stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      driven.#waiting.get(answer.ready ? 0 : (answer.id ?? -1))?.(answer);
    });
    child.once('close', (status) => {
      driven.#ended = true;
      const error = `it ended with status ${status}: ${driven.#complaint.trim()}`;
      for (const give of driven.#waiting.values()) give({ error });
    });
    await ready;
    return driven;
  }

  /** Errors: what the program says against it, its end, or no answer in time. */
  ask(what: string, given: object = {}): Promise<Answer> {
    const id = ++this.#next;
    const answer = this.#expect(id, what);
    this.#child.stdin?.write(`${JSON.stringify({ ...given, id, do: what })}\n`);
    return answer;
  }

  /** The addresses of a name, as any program beside it gets them. */
  async resolve(name: string): Promise<string[]> {
    return (await this.ask('resolve', { name })).addresses as string[];
  }

  /** Ends the program. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  }

  #expect(id: number, what: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${this.name}, ${what}: ${why}`));
      if (this.#ended) return fail(`it has ended: ${this.#complaint.trim()}`);
      const late = setTimeout(() => fail('no answer'), PATIENCE_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        this.#waiting.delete(id);
        if (answer.error === undefined) resolve(answer);
        else fail(answer.error);
      });
    });
  }
}
