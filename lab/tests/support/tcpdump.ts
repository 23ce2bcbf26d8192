/** tcpdump on a host's link to the others, its capture on standard output. */
import type { ChildProcess } from 'node:child_process';
import type { LabHost } from '../../lab.ts';
import { until } from '../../run.ts';

export class Tcpdump {
  readonly #host: LabHost;
  readonly #child: ChildProcess;
  #said = '';

  /**
   * @param words tcpdump's further options, and what it is to capture
   * @param take called with pieces of the capture, in pcap's format
   */
  constructor(host: LabHost, words: readonly string[], take: (chunk: Buffer) => void) {
    this.#host = host;
    const argv = ['tcpdump', '-i', host.underlayInterface, '-n', '-Z', 'root', '-w', '-'];
    this.#child = host.spawn([...argv, '-U', '--immediate-mode', ...words]);
    this.#child.stdout?.on('data', take);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
  }

  /** Resolves when it sees packets. */
  async started(): Promise<void> {
    await until(async () => this.#said.includes('listening on') || undefined, {
      what: `tcpdump on ${this.#host.name}: ${this.#said}`,
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
