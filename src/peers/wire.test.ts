import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClientMessage, clientSchemas, serverSchemas } from './messages.ts';
import { anyNetwork } from './testing/records.ts';
import { Decoder, encode } from './wire.ts';

const decoder = (maxLine = 4096) => new Decoder(clientSchemas, { maxLine });
const bytes = (text: string) => Buffer.from(text);

const anyMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const), n: fc.nat() }),
  fc.record({
    type: fc.constant('want' as const),
    networks: fc.array(fc.stringMatching(/^[\w.:-]{1,20}$/), { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant('ask' as const),
    id: fc.nat(),
    what: fc.constant('ü'),
    args: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.constant(1),
    node: fc.constant('node-a'),
  }),
);

function* chunks(whole: Buffer, cuts: readonly number[]): Generator<Buffer> {
  const at = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b);
  let start = 0;
  for (const end of [...at, whole.length]) {
    yield whole.subarray(start, end);
    start = end;
  }
}

it('reads what was written, however it is cut into chunks', () => {
  const input = fc.tuple(fc.array(anyMessage, { maxLength: 8 }), fc.array(fc.nat()));
  fc.assert(
    fc.property(input, ([messages, cuts]) => {
      const reader = decoder();
      const whole = bytes(messages.map(encode).join(''));
      const read = [...chunks(whole, cuts)].flatMap((chunk) => reader.push(chunk));
      expect(read).toEqual(messages.map((message) => ({ kind: 'message', message })));
    }),
  );
});

it('reads snapshots of any record', () => {
  fc.assert(
    fc.property(anyNetwork, (record) => {
      const message = { type: 'snapshot', network: 'n', epoch: 'e', seq: 1, record } as const;
      const reader = new Decoder(serverSchemas, { maxLine: 1 << 20 });
      expect(reader.push(bytes(encode(message)))).toEqual([{ kind: 'message', message }]);
    }),
  );
});

describe('hostile input', () => {
  it('never throws, whatever the bytes and chunks', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => bytes(`${text}\n`)),
      anyMessage.map((message) => bytes(encode(message))),
    );
    fc.assert(
      fc.property(fc.array(junk), (pieces) => {
        const reader = decoder(200);
        const read = pieces.flatMap((piece) => reader.push(piece));
        const faults = read.filter((decoded) => decoded.kind === 'fault');
        expect(faults.length).toBeLessThanOrEqual(1);
        expect(read.slice(0, -1)).not.toContain(faults[0]);
      }),
    );
  });

  it.each([
    ['a line too long', 'x'.repeat(4097), 'line-too-long'],
    ['a long line with its end', `${' '.repeat(4097)}\n`, 'line-too-long'],
    ['no JSON', 'GET / HTTP/1.1\r\n', 'not-json'],
    ['a number', '7\n', 'not-a-message'],
    ['null', 'null\n', 'not-a-message'],
    ['no type', '{"n":1}\n', 'not-a-message'],
    ['a type that is no text', '{"type":{}}\n', 'not-a-message'],
    ['a missing field', '{"type":"ping"}\n', 'malformed'],
    ['a negative number', '{"type":"ping","n":-1}\n', 'malformed'],
    ['deep nesting', `${'['.repeat(4000)}\n`, 'not-json'],
    ['too many networks', '{"type":"want","networks":[1]}\n', 'malformed'],
  ])('%s is a fault', (_name, text, code) => {
    const reader = decoder();
    expect(reader.push(bytes(text))).toMatchObject([{ kind: 'fault', fault: { code } }]);
    expect(reader.push(bytes(encode({ type: 'ping', n: 1 })))).toEqual([]);
  });

  it('refuses what is not UTF-8', () => {
    const read = decoder().push(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    expect(read).toMatchObject([{ fault: { code: 'not-utf8' } }]);
  });

  it('takes names of Object for unknown types', () => {
    const read = decoder().push(bytes('{"type":"__proto__"}\n{"type":"toString"}\n'));
    expect(read.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
  });

  it('ignores types and fields of a later release, and empty lines', () => {
    const read = decoder().push(bytes('\n{"type":"later","x":1}\n{"type":"ping","n":2,"x":3}\n'));
    expect(read).toEqual([
      { kind: 'unknown', type: 'later' },
      { kind: 'message', message: { type: 'ping', n: 2 } },
    ]);
  });
});
