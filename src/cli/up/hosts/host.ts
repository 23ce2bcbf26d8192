import type { ChildProcess } from 'node:child_process';
import type { Outcome } from '../../../system/run.ts';
import type { Target } from '../core/wanted.ts';

export interface RunFlags {
  readonly input?: string | Uint8Array;
  /** Milliseconds. */
  readonly timeoutMs?: number;
  /** For what is taken back after Ctrl-C. */
  readonly evenIfInterrupted?: boolean;
}

/** A host of the line, reached by ssh or this very machine. Everything is run as root. */
export interface Host {
  readonly name: string;
  readonly target: Target;
  /** Runs a script of the POSIX shell to its end. It finds where ssh came in as `$CASTNET_FROM`. */
  run(script: string, flags?: RunFlags): Promise<Outcome>;
  /** Gives a file of this machine to a script's standard input. */
  feed(script: string, file: string, flags?: RunFlags): Promise<Outcome>;
  /** Starts a script and leaves it running, with pipes for its standard input and output. */
  start(script: string): ChildProcess;
}
