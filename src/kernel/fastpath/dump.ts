/**
 * Entries of maps, out of what `bpftool --json batch` prints. A full map is tens of megabytes of it, which
 * as a whole, an object for each byte, would not fit the agent's memory: so it is taken entry by entry.
 */

/** The bytes of each are `"0x01","0x02"`. */
const ENTRY = /"key":\[([^\]]*)\],"value":\[([^\]]*)\]/g;
const OF_PROCESSORS = /"key":\[([^\]]*)\],"values":\[(.*?)\],"formatted"/g;
const VALUE = /"value":\[([^\]]*)\]/g;

export interface DumpedEntry {
  readonly key: readonly number[];
  readonly value: readonly number[];
}

export interface DumpedTally {
  readonly key: readonly number[];
  /** By processor. */
  readonly values: readonly (readonly number[])[];
}

/** The answers of a batch, one after the other, as text. */
export function answersOf(json: string): string[] {
  return json.split('{"command":').slice(1);
}

/** @throws Error of an answer that is no dump */
export function* entriesOf(answer: string): Generator<DumpedEntry> {
  mustBeDump(answer);
  for (const [key, value] of found(answer, ENTRY)) yield { key: bytes(key), value: bytes(value) };
}

/** Of maps with a value for each processor. @throws Error of an answer that is no dump */
export function talliesIn(answer: string): DumpedTally[] {
  mustBeDump(answer);
  return [...found(answer, OF_PROCESSORS)].map(([key, values]) => ({
    key: bytes(key),
    values: [...found(values, VALUE)].map(([value]) => bytes(value)),
  }));
}

function mustBeDump(answer: string): void {
  if (!/^\["map","dump",[^\]]*\],"output":\[/.test(answer))
    throw new Error(`bpftool: no map, but ${answer.slice(0, 200)}`);
}

function* found(text: string, pattern: RegExp): Generator<[string, string]> {
  for (const [, first = '', second = ''] of text.matchAll(pattern)) yield [first, second];
}

const BYTE = '"0x00",'.length;

function bytes(text: string): number[] {
  const list = new Array<number>(Math.ceil(text.length / BYTE));
  for (let at = 0; at < list.length; at++)
    list[at] = Number.parseInt(text.slice(at * BYTE + 3, at * BYTE + 5), 16);
  return list;
}
