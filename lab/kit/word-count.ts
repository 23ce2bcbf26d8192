/** How often each of some words comes in bytes that arrive in pieces. */
export class WordCount<Name extends string = string> {
  readonly #words: readonly (readonly [Name, Buffer])[];
  readonly #counts: Map<Name, number>;
  /** As much of what came last as may be the begin of a word. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(words: Readonly<Record<Name, Buffer>>) {
    this.#words = Object.entries(words) as [Name, Buffer][];
    this.#counts = new Map(this.#words.map(([name]) => [name, 0]));
  }

  take(chunk: Buffer): void {
    const all = Buffer.concat([this.#rest, chunk]);
    let longest = 1;
    for (const [name, word] of this.#words) {
      longest = Math.max(longest, word.length);
      // One that ends in what came before was counted then.
      const from = Math.max(0, this.#rest.length - word.length + 1);
      for (let at = all.indexOf(word, from); at >= 0; at = all.indexOf(word, at + word.length))
        this.#counts.set(name, this.of(name) + 1);
    }
    this.#rest = Buffer.from(all.subarray(Math.max(0, all.length - longest + 1)));
  }

  of(name: Name): number {
    return this.#counts.get(name) ?? 0;
  }
}
