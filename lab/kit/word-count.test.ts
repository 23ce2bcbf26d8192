import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WordCount } from './word-count.ts';

const WORDS = { bird: Buffer.from('abca'), long: Buffer.from('cabbage'), one: Buffer.from('b') };

const counted = (chunks: readonly Buffer[]): number[] => {
  const count = new WordCount(WORDS);
  for (const it of chunks) count.take(it);
  return [count.of('bird'), count.of('long'), count.of('one')];
};

describe('WordCount', () => {
  it('counts each word, however short the pieces are', () => {
    const text = Buffer.from('xabcay cabbage abca');
    expect(counted([text])).toEqual([2, 1, 4]);
    expect(counted([...text].map((it) => Buffer.from([it])))).toEqual([2, 1, 4]);
  });

  it('counts none twice, and none that is not there, wherever the pieces end', () => {
    const letters = fc.array(fc.constantFrom(...'abcge'), { maxLength: 60 });
    fc.assert(
      fc.property(letters, fc.array(fc.nat(9), { maxLength: 20 }), (text, sizes) => {
        const bytes = Buffer.from(text.join('').replaceAll('abcabca', 'abca'));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        pieces.push(bytes.subarray(at));
        const whole = (word: RegExp) => [...bytes.toString().matchAll(word)].length;
        expect(counted(pieces)).toEqual([whole(/abca/g), whole(/cabbage/g), whole(/b/g)]);
      }),
    );
  });
});
