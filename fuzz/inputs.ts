/** Inputs that nobody meant, made of inputs that somebody did. */
import fc, { type Arbitrary } from 'fast-check';

/** Characters, at most, of an input. */
const LONGEST = 16_384;

/** What breaks programs: bounds, signs, names that every object has, bytes that end things. */
const WORD = fc.constantFrom(
  ...['', '0', '-1', '1e999', '9007199254740993', '4294967296', '65536', '00', '0x10', 'NaN'],
  ...['null', 'true', '[]', '{}', '""', '"', '\\', '\\u0000', '\\ud800', '\0', '\n', '\r\n', ' '],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then'],
  ...['%', '%eth0', '::', '::ffff:10.0.0.1', 'ff02::1', '255.255.255.255', '010.0.0.1'],
  ...['10.0.0.1/33', 'ff:ff:ff:ff:ff:ff', '../../etc', '; id', '$(id)', '-', '--'],
  ...['é', '\u202e', '𝕏', 'A'.repeat(300)],
);
const NUMBER = fc.constantFrom(0, -1, 0.5, 1e21, -1e308, 2 ** 31, 2 ** 32, 2 ** 53);

/** A place in any text or list, counted round and round. Small ones are no likelier than others. */
const place = fc.noBias(fc.nat(LONGEST));
type Change = (text: string) => string;
const always =
  <T>(value: T) =>
  (): T =>
    value;

/** A piece of the text, which may be empty or all that follows, gives way to something else. */
function edited(corpus: readonly string[]): Arbitrary<Change> {
  const length = fc.noBias(fc.oneof(fc.nat(1), fc.nat(8), fc.nat(30), place));
  const byte = fc.nat(255).map((code) => String.fromCharCode(code));
  const tail = fc.tuple(fc.constantFrom(...corpus), place);
  const instead = fc.oneof(
    fc.constant(always('')),
    WORD.map(always),
    byte.map(always),
    tail.map(([other, at]) => always(other.slice(at % (other.length + 1)))),
    fc.integer({ min: 2, max: 4 }).map((times) => (piece: string) => piece.repeat(times)),
  );
  return fc.tuple(place, length, instead).map(([where, count, make]) => (text) => {
    const at = where % (text.length + 1);
    const end = at + count;
    return text.slice(0, at) + make(text.slice(at, end)) + text.slice(end);
  });
}

/** One word, number or name of the text becomes another. */
const reworded: Arbitrary<Change> = fc
  .tuple(place, fc.oneof(WORD, place))
  .map(([where, instead]) => (text) => {
    const words = [...text.matchAll(/[\w.:-]+/g)];
    const word = words[where % words.length];
    if (word === undefined) return text;
    const fresh = typeof instead === 'string' ? instead : words[instead % words.length]?.[0];
    return text.slice(0, word.index) + fresh + text.slice(word.index + word[0].length);
  });

/** What a value of JSON becomes, beside all others of the text; undefined leaves it out. */
const strange: Arbitrary<(value: unknown, all: readonly unknown[]) => unknown> = fc.oneof(
  place.map(
    (where) => (_: unknown, all: readonly unknown[]) => structuredClone(all[where % all.length]),
  ),
  fc.oneof(fc.constantFrom(undefined, null, true), NUMBER, WORD, fc.jsonValue()).map(always),
  fc.constantFrom(
    (value: unknown) => [value],
    (value: unknown) => ({ value }),
    (value: unknown) => (Array.isArray(value) ? [...value, ...value] : JSON.stringify(value)),
  ),
  reworded.map((change) => (value: unknown) => (typeof value === 'string' ? change(value) : value)),
  fc.tuple(WORD, place, fc.boolean()).map(([name, where, more]) => (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    const at = where % (entries.length || 1);
    entries.splice(at, more ? 0 : 1, [name, entries[at]?.[1]]);
    return Object.fromEntries(entries);
  }),
);

/** The text's JSON, at its end, stays JSON; something in it becomes something else. */
const inJson: Arbitrary<Change> = fc.tuple(place, strange).map(([where, make]) => (text) => {
  const start = Math.max(text.search(/[[{]/), 0);
  let root: unknown;
  try {
    root = JSON.parse(text.slice(start));
  } catch {
    return text;
  }
  const all: unknown[] = [];
  JSON.stringify(root, (_, value) => {
    all.push(value);
    return value;
  });
  let left = where % all.length;
  const changed = JSON.stringify(root, (_, value) => (left-- === 0 ? make(value, all) : value));
  return text.slice(0, start) + (changed ?? 'null');
});

/**
 * One of the corpus with up to five changes. With `joint`, which stands between them, it may be some
 * of the corpus one after the other.
 */
export function mutated(corpus: readonly string[], joint?: string): Arbitrary<string> {
  const change = fc.oneof(edited(corpus), reworded, inJson, inJson);
  const most = joint === undefined ? 1 : 4;
  const texts = fc.array(fc.constantFrom(...corpus), { minLength: 1, maxLength: most });
  return fc
    .tuple(texts, fc.noBias(fc.array(change, { maxLength: 5 })))
    .map(([those, changes]) =>
      changes.reduce((text, next) => next(text), those.join(joint)).slice(0, LONGEST),
    );
}
