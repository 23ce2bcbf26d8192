import type { Random } from './random.ts';

/** Makes inputs that nobody meant out of inputs that somebody did. */

/** What breaks programs: bounds, signs, names that every object has, bytes that end things. */
const WORDS = [
  ...['', '0', '-1', '1e999', '9007199254740993', '4294967296', '65536', '00', '0x10', 'NaN'],
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '"',
    '\\',
    '\\u0000',
    '\\ud800',
    '\u0000',
    '\n',
    '\r\n',
    ' ',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then'],
  ...[
    '%',
    '%eth0',
    '::',
    '::ffff:10.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '010.0.0.1',
    '10.0.0.1/33',
  ],
  ...[
    'ff:ff:ff:ff:ff:ff',
    '../../etc',
    '; id',
    '$(id)',
    '-',
    '--',
    'é',
    '\u202e',
    '𝕏',
    'A'.repeat(300),
  ],
];

type Change = (text: string, random: Random, corpus: readonly string[]) => string;

const cut: Change = (text, random) => {
  const at = random.below(text.length + 1);
  return (
    text.slice(0, at) + text.slice(at + 1 + random.below(random.once(3) ? text.length + 1 : 8))
  );
};
const insert: Change = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(WORDS) + text.slice(at);
};
const flip: Change = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
};
const repeat: Change = (text, random) => {
  const at = random.below(text.length + 1);
  const piece = text.slice(at, at + 1 + random.below(30));
  return text.slice(0, at) + piece.repeat(1 + random.below(4)) + text.slice(at);
};
const splice: Change = (text, random, corpus) => {
  const other = random.pick(corpus);
  return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
};
const truncate: Change = (text, random) => text.slice(0, random.below(text.length + 1));
/** One word, number or name of the text becomes another. */
const word: Change = (text, random) => {
  const words = [...text.matchAll(/[\w.:-]+/g)];
  if (words.length === 0) return insert(text, random, []);
  const { index, 0: old } = random.pick(words);
  const fresh = random.once(2) ? random.pick(WORDS) : random.pick(words)[0];
  return text.slice(0, index) + fresh + text.slice(index + old.length);
};
/** The text stays JSON; something in it becomes something else. */
const inJson: Change = (text, random) => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return word(text, random, []);
  }
  return JSON.stringify(changed(value, random)) ?? 'null';
};

function changed(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.once(6)) return strange(value, random);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    const copy = [...value];
    const what = random.below(6);
    if (what < 2) copy.splice(at, 1);
    else if (what === 2) copy.splice(at, 0, value[random.below(value.length || 1)] ?? null);
    else copy[at] = changed(copy[at], random);
    return copy;
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.once(5)) entries.push([random.pick(WORDS), value]);
  const at = random.below(entries.length);
  const [key, old] = entries[at] as [string, unknown];
  const what = random.below(6);
  if (what === 0) entries.splice(at, 1);
  else if (what === 1) entries[at] = [random.pick(WORDS), old];
  else entries[at] = [key, changed(old, random)];
  return Object.fromEntries(entries);
}

function strange(value: unknown, random: Random): unknown {
  const numbers = [0, -1, 0.5, 1e21, -1e308, 2 ** 31, 2 ** 32, 2 ** 53];
  switch (random.below(7)) {
    case 0:
      return null;
    case 1:
      return random.pick(numbers);
    case 2:
      return random.once(2);
    case 3:
      return [value];
    case 4:
      return { value };
    case 5:
      return typeof value === 'string' ? word(value, random, []) : JSON.stringify(value);
    default:
      return random.pick(WORDS);
  }
}

const CHANGES = [cut, insert, flip, repeat, splice, truncate, word, word, inJson, inJson, inJson];

/** One of the corpus with one to five changes; at most 16 KiB long. */
export function mutate(corpus: readonly string[], random: Random): string {
  let text = random.pick(corpus);
  for (let left = 1 + random.below(random.once(4) ? 5 : 2); left > 0; left--) {
    text = random.pick(CHANGES)(text, random, corpus);
  }
  return text.slice(0, 16_384);
}
