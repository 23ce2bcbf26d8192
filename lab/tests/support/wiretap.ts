/** Looks for a word in everything that passes a host's link to the others. */

import { linkOf, Tcpdump } from '../../kit/tcpdump.ts';
import { WordCount } from '../../kit/word-count.ts';
import type { LabHost } from '../../lab.ts';
import { until } from '../../run.ts';

export class Wiretap {
  readonly host: LabHost;
  readonly #tcpdump: Tcpdump;
  /** Of the word, and of one that the tap itself sends, so that all before it has been looked at. */
  readonly #count: WordCount<'word' | 'fence'>;
  #told = 0;

  private constructor(host: LabHost, word: string) {
    this.host = host;
    this.#count = new WordCount({ word: Buffer.from(word), fence: FENCE });
    const size = ['-s', '2048', '-B', '32768'];
    this.#tcpdump = new Tcpdump(linkOf(host), size, (chunk) => this.#count.take(chunk));
  }

  /** Starts tcpdump and waits until it sees packets. */
  static async start(host: LabHost, word: string): Promise<Wiretap> {
    const tap = new Wiretap(host, word);
    await tap.#tcpdump.started();
    return tap;
  }

  /** How often the word has passed since this was last asked. */
  async seen(): Promise<number> {
    const before = this.#count.of('fence');
    await until(
      async () => {
        // To nobody: an address of documentation, on the link by the host's default route or not at all.
        await this.host.exec(['ping', '-c', '1', '-W', '1', '-p', FENCE_HEX, this.#other]);
        return this.#count.of('fence') > before || undefined;
      },
      { what: `a ping on ${this.host.name}'s link`, timeoutMs: 10_000, everyMs: 20 },
    );
    const found = this.#count.of('word') - this.#told;
    this.#told += found;
    return found;
  }

  /** Another host of the lab. */
  get #other(): string {
    return this.host.address.replace(/\d+$/, (it) => String(it === '1' ? 2 : 1));
  }

  /** Errors: when the kernel dropped packets, so that nothing would be proved. */
  stop(): Promise<void> {
    return this.#tcpdump.stop();
  }
}

/** ping repeats it through its payload. */
const FENCE_HEX = 'c0ffee11c0ffee22c0ffee33c0ffee44';
const FENCE = Buffer.from(FENCE_HEX, 'hex');
