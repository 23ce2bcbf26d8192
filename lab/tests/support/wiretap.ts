/** Looks for a word in everything that passes a host's link to the others. */
import type { LabHost } from '../../lab.ts';
import { until } from '../../run.ts';
import { Tcpdump } from './tcpdump.ts';

export class Wiretap {
  readonly host: LabHost;
  readonly #tcpdump: Tcpdump;
  readonly #word: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #seen = 0;
  /** A word that the tap itself sends, so that all before it has been looked at. */
  #fences = 0;

  private constructor(host: LabHost, word: string) {
    this.host = host;
    this.#word = Buffer.from(word);
    const size = ['-s', '2048', '-B', '32768'];
    this.#tcpdump = new Tcpdump(host, size, (chunk) => this.#look(chunk));
  }

  /** Starts tcpdump and waits until it sees packets. */
  static async start(host: LabHost, word: string): Promise<Wiretap> {
    const tap = new Wiretap(host, word);
    await tap.#tcpdump.started();
    return tap;
  }

  /** How often the word has passed since this was last asked. */
  async seen(): Promise<number> {
    const before = this.#fences;
    await until(
      async () => {
        // To nobody: an address of documentation, on the link by the host's default route or not at all.
        await this.host.exec(['ping', '-c', '1', '-W', '1', '-p', FENCE_HEX, this.#other]);
        return this.#fences > before || undefined;
      },
      { what: `a ping on ${this.host.name}'s link`, timeoutMs: 10_000, everyMs: 20 },
    );
    const found = this.#seen;
    this.#seen = 0;
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

  #look(chunk: Buffer): void {
    const all = Buffer.concat([this.#rest, chunk]);
    this.#seen += count(all, this.#word);
    this.#fences += count(all, FENCE);
    // A word may come in two parts, and no part of one that was counted is left to be counted again.
    const keep = Math.max(this.#word.length, FENCE.length) - 1;
    const from = Math.max(all.length - keep, 0);
    const tail = all.subarray(from);
    this.#rest = tail.includes(this.#word) || tail.includes(FENCE) ? Buffer.alloc(0) : tail;
  }
}

/** ping repeats it through its payload. */
const FENCE_HEX = 'c0ffee11c0ffee22c0ffee33c0ffee44';
const FENCE = Buffer.from(FENCE_HEX, 'hex');

function count(bytes: Buffer, word: Buffer): number {
  let found = 0;
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + word.length)) found++;
  return found;
}
