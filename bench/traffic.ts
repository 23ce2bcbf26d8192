/** The bench's own program, traffic.c, and trials with it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/run.ts';
import { UserError } from '../src/cli/output.ts';
import type { Path, Station } from './path.ts';
import { answer, type Running, startIn } from './programs.ts';

/**
 * Compiles traffic.c into `directory`.
 * @throws UserError that names the missing package, or says what the compiler said
 */
export async function compile(directory: string): Promise<Traffic> {
  await mkdir(directory, { recursive: true });
  const program = join(directory, 'traffic');
  const source = join(import.meta.dirname, 'traffic.c');
  const built = await run(['gcc', '-O2', '-o', program, source]).catch(() => undefined);
  if (built === undefined) {
    throw new UserError('the bench compiles its program with gcc, which is missing.', {
      hint: 'Install it, on Debian with: apt-get install gcc libc6-dev',
    });
  }
  if (built.status !== 0) {
    throw new UserError(`gcc could not compile traffic.c:\n${built.stderr.trim()}`, {
      hint: 'If a header of libc is missing, on Debian: apt-get install libc6-dev',
    });
  }
  return new Traffic(program);
}

export interface Trial {
  readonly path: Path;
  /** A group, or undefined for the first receiver's address. */
  readonly group?: string;
  /** How many of the path's receivers take part; by default all for a group, else one. */
  readonly receivers?: number;
  /** Bytes of UDP payload. */
  readonly size: number;
  /** Packets a second. */
  readonly rate: number;
  readonly ms: number;
  /** Whether each packet's age is taken. */
  readonly ages?: boolean;
}

export interface Outcome {
  readonly sent: number;
  /** Packets a second that the sender really sent. */
  readonly pps: number;
  /** Bytes of payload that arrived, at all receivers together. */
  readonly bytes: number;
  /** Share of packets that the receiver with the worst loss did not get, 0 to 1. */
  readonly loss: number;
  /** Age of packets in µs at the receivers, the mean of their figures. */
  readonly p50: number;
  readonly p99: number;
}

interface Received {
  got: number;
  bytes: number;
  p50: number;
  p99: number;
}

let runs = 0;

export class Traffic {
  readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  /** Starts a mode of the program at a station. */
  at(station: { ns: string }, mode: string, args: Record<string, string | number>): Running {
    const words = Object.entries(args).map(([name, value]) => `${name}=${value}`);
    return startIn(station.ns, [this.program, mode, ...words]);
  }

  /** Keeps stations members of a group, until `close`. */
  async hold(stations: readonly Station[], group: string): Promise<Running[]> {
    const holds = stations.map((it) => this.at(it, 'hold', { group, local: it.address }));
    await Promise.all(holds.map((it) => it.ready()));
    return holds;
  }

  /** Sends for `ms` and tells what arrived. */
  async trial({ path, group, size, rate, ms, ages, ...trial }: Trial): Promise<Outcome> {
    runs += 1;
    const count = trial.receivers ?? (group === undefined ? 1 : path.receivers.length);
    const stations = path.receivers.slice(0, count);
    const port = 7000;
    const receiving = stations.map((it) =>
      this.at(it, 'recv', {
        port,
        local: it.address,
        run: runs,
        max_ms: ms + 1500,
        ...(group === undefined ? {} : { group }),
        ...(ages ? { stamps: Math.ceil((rate * ms) / 1000) + 100 } : {}),
      }),
    );
    await Promise.all(receiving.map((it) => it.ready()));
    const to = group ?? stations[0]?.address ?? '';
    const local = path.sender.address;
    const sender = this.at(path.sender, 'send', { to, port, local, size, rate, ms, run: runs });
    // Once the receivers have heard of the end, nobody need wait until it was told them twelve times.
    const { sent, pps } = JSON.parse(await sender.ready()) as { sent: number; pps: number };
    const received = await Promise.all(receiving.map((it) => answer<Received>(it)));
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return {
      sent,
      pps,
      bytes: received.reduce((sum, it) => sum + it.bytes, 0),
      loss: Math.max(...received.map((it) => 1 - it.got / Math.max(sent, 1))),
      p50: mean(received.map((it) => it.p50)),
      p99: mean(received.map((it) => it.p99)),
    };
  }
}
