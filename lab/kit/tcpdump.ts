/** tcpdump on a link, its capture on standard output. */
import type { ChildProcess } from 'node:child_process';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';

/** Where it runs: on which interface, and who starts it there. */
export type Place = {
  /** For errors. */
  readonly name: string;
  readonly interface: string;
  spawn(argv: string[]): ChildProcess;
};

/** A host's link to the others. */
export const linkOf = (host: LabHost): Place => ({
  name: host.name,
  interface: host.underlayInterface,
  spawn: (argv) => host.spawn(argv),
});

export class Tcpdump {
  readonly #place: Place;
  readonly #child: ChildProcess;
  #said = '';

  /**
   * @param words tcpdump's further options, and what it is to capture
   * @param take called with pieces of the capture, in pcap's format
   */
  constructor(place: Place, words: readonly string[], take: (chunk: Buffer) => void) {
    this.#place = place;
    const argv = ['tcpdump', '-i', place.interface, '-n', '-Z', 'root', '-w', '-'];
    this.#child = place.spawn([...argv, '-U', '--immediate-mode', ...words]);
    this.#child.stdout?.on('data', take);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
  }

  /** Resolves when it sees packets. */
  async started(): Promise<void> {
    await until(async () => this.#said.includes('listening on') || undefined, {
      what: `tcpdump on ${this.#place.name}: ${this.#said}`,
      timeoutMs: 10_000,
      everyMs: 10,
    });
  }

  /** Ends it. Errors: when the kernel dropped packets, so that counts would be wrong. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    const dropped = /(\d+) packets? dropped by kernel/.exec(this.#said)?.[1];
    if (dropped !== undefined && dropped !== '0')
      throw new Error(`tcpdump lost ${dropped} packets`);
  }
}
