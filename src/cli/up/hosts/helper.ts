import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../output.ts';
import { distDirectory } from '../../plugin/source.ts';
import { quote } from '../../quote.ts';
import type { Host } from './host.ts';

/** Milliseconds until it must have said that it is there. */
const START_MS = 30_000;
/** Milliseconds for an answer, longer than any that it gives itself. */
const ANSWER_MS = 90_000;

export interface HttpCallArgs {
  readonly socket: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

interface Answer {
  /** Undefined for the word that it is there. */
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** src/cli/up/remote, running on a host: asks it what a shell cannot answer. */
export class Helper {
  readonly #host: string;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  /** Bounded by what is asked at a time: a trial for each port and host. */
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #said = '';
  #ended: string | undefined;

  private constructor(host: string, child: ChildProcess) {
    this.#host = host;
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2_000);
    });
    this.#ready = new Promise((resolve, reject) => {
      const end = (why: string): void => {
        this.#ended ??= this.#said.trim() || why;
        const failure = this.#failure();
        reject(failure);
        for (const it of this.#waiting.values()) it.reject(failure);
        this.#waiting.clear();
      };
      child.once('error', (error) => end(error.message));
      child.once('close', (status) => end(`it ended with status ${status}`));
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const answer = JSON.parse(line) as Answer;
        if (answer.id === undefined) resolve();
        else this.#take(answer.id, answer);
      });
    });
  }

  /**
   * Starts it by the Node of a plugin's rootfs.
   * @throws UserError when that Node does not run there
   */
  static async start(host: Host, rootfs: string): Promise<Helper> {
    const child = host.start(launch(rootfs, await helperCode()));
    const helper = new Helper(host.name, child);
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
    await helper.#ready.finally(() => clearTimeout(timer));
    return helper;
  }

  /** @throws UserError when the way to the host is gone; Error in the helper's words */
  async ask<T>(operation: string, args: unknown = {}): Promise<T> {
    if (this.#ended !== undefined) throw this.#failure();
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new UserError(`${this.#host} does not answer within ${ANSWER_MS / 1000} s`));
      }, ANSWER_MS);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value as T);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, operation, args })}\n`);
    });
  }

  /** HTTP at a Unix socket of the host. */
  call(args: HttpCallArgs): Promise<{ status: number; text: string }> {
    return this.ask('call', args);
  }

  close(): void {
    this.#child.stdin?.end();
  }

  #take(id: number, { value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #failure(): UserError {
    return new UserError(`the way to ${this.#host} is gone: ${this.#ended ?? 'no answer'}`, {
      hint: 'Look whether the host is up; then run the same command again: it goes on where it was.',
    });
  }
}

let code: Promise<string> | undefined;

function helperCode(): Promise<string> {
  code ??= readFile(join(distDirectory(), 'helper.mjs'), 'utf8').catch(() => {
    throw new UserError('what castnet runs on the hosts has not been built', {
      hint: 'In a checkout, build it first: npm run build',
    });
  });
  return code;
}

/** The plugin's own loader and libraries, since the host's may be of another libc. */
function launch(rootfs: string, text: string): string {
  const root = quote(rootfs);
  return (
    `R=${root}; for L in "$R"/lib64/ld-linux-*.so.* "$R"/lib/ld-linux-*.so.*; do [ -x "$L" ] && break; done; ` +
    'P="$R/usr/lib:$R/usr/lib64"; for it in "$R"/usr/lib/*/; do P="$P:$it"; done; ' +
    `CASTNET_LIBRARIES="$P" exec "$L" --library-path "$P" "$R/usr/bin/node" --input-type=module -e ${quote(text)}`
  );
}
