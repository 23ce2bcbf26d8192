import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * The end of this process, when Docker or a user asks for it. It is heard from the start on: the
 * first process of a PID namespace, which the agent is in a plugin, does not get a signal that it
 * has no handler for (pid_namespaces(7)), and Docker would kill it 10 s later.
 */
export class Stopping {
  /** Until it is told how: nothing was made that a kill would not leave as well. */
  #stop: (signal: string) => Promise<void> = async () => {};
  #begun = false;

  /**
   * @param process whose signals are heard, and which ends: with status 0, or 1 when stopping failed.
   * A signal that comes while it stops changes nothing.
   */
  constructor(process: EventEmitter & Pick<NodeJS.Process, 'exit' | 'stderr'>) {
    const end = async (signal: string): Promise<void> => {
      if (this.#begun) return;
      this.#begun = true;
      try {
        await this.#stop(signal);
      } catch (error) {
        process.stderr.write(`castnet: did not stop in good order: ${(error as Error).stack}\n`);
        process.exit(1);
      }
      process.exit(0);
    };
    for (const signal of SIGNALS) process.on(signal, end);
  }

  /** @param stop what is done first from now on */
  by(stop: (signal: string) => Promise<void>): void {
    this.#stop = stop;
  }
}
