import type * as z from 'zod';
import type { ClientMessage, ServerMessage } from './messages.ts';
import { check } from './record-schema.ts';

/**
 * Bytes to messages and back: one JSON object per line, in UTF-8. No socket is known here, and
 * nothing that arrives makes it throw.
 */

/** Why bytes cannot be read as messages; the stream is of no use after it. */
export interface Fault {
  readonly code: 'line-too-long' | 'not-utf8' | 'not-json' | 'not-a-message' | 'malformed';
  readonly reason: string;
}

export type Decoded<M> =
  | { readonly kind: 'message'; readonly message: M }
  /** A type of a later release, to be ignored. */
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'fault'; readonly fault: Fault };

type Schemas = Record<string, z.ZodType>;
type MessageOf<S extends Schemas> = z.infer<S[keyof S]>;

const NEWLINE = 0x0a;

function fault(code: Fault['code'], reason: string): { kind: 'fault'; fault: Fault } {
  return { kind: 'fault', fault: { code, reason } };
}

/** Fed with chunks, yields messages; after a fault it yields nothing more. */
export class Decoder<S extends Schemas> {
  readonly #schemas: S;
  readonly #maxLine: number;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  // The pieces of a line not ended yet: joined once, so a line in many chunks costs no square.
  #pieces: Uint8Array[] = [];
  #length = 0;
  #broken = false;

  /** @param options.maxLine longest line in bytes, and so the most that is ever kept */
  constructor(schemas: S, options: { maxLine: number }) {
    this.#schemas = schemas;
    this.#maxLine = options.maxLine;
  }

  push(chunk: Uint8Array): Decoded<MessageOf<S>>[] {
    const found: Decoded<MessageOf<S>>[] = [];
    let start = 0;
    while (!this.#broken && start < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline < 0 ? chunk.length : newline;
      if (this.#length + end - start > this.#maxLine) {
        found.push(fault('line-too-long', `a line is longer than ${this.#maxLine} bytes`));
        this.#stop();
        break;
      }
      this.#keep(chunk, start, end);
      if (newline < 0) break;
      const decoded = this.#line(this.#take());
      if (decoded) found.push(decoded);
      if (decoded?.kind === 'fault') this.#stop();
      start = end + 1;
    }
    return found;
  }

  // A copy: the chunk may be a view of a buffer that is used again.
  #keep(chunk: Uint8Array, start: number, end: number): void {
    if (end === start) return;
    this.#pieces.push(chunk.slice(start, end));
    this.#length += end - start;
    // Many tiny chunks would otherwise cost far more than their bytes.
    if (this.#pieces.length >= 1024) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  #take(): Uint8Array {
    const line = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return line as Uint8Array;
  }

  #stop(): void {
    this.#broken = true;
    this.#pieces = [];
    this.#length = 0;
  }

  #line(bytes: Uint8Array): Decoded<MessageOf<S>> | undefined {
    if (bytes.length === 0) return undefined;
    let text: string;
    try {
      text = this.#utf8.decode(bytes);
    } catch {
      return fault('not-utf8', 'a line is not UTF-8');
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return fault(
        'not-json',
        `a line is not JSON; it begins ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
    return this.#message(value);
  }

  #message(value: unknown): Decoded<MessageOf<S>> {
    const type = typeof value === 'object' && value !== null && 'type' in value && value.type;
    if (typeof type !== 'string' || type.length > 64) {
      return fault('not-a-message', 'a line is no JSON object with a "type"');
    }
    const schema = Object.hasOwn(this.#schemas, type) ? this.#schemas[type] : undefined;
    if (schema === undefined) return { kind: 'unknown', type };
    const checked = check(schema as z.ZodType<MessageOf<S>>, value);
    if (checked.ok) return { kind: 'message', message: checked.value };
    return fault('malformed', `a "${type}" message is malformed: ${checked.reason}`);
  }
}

/** One message as a line. */
export function encode(message: ClientMessage | ServerMessage): string {
  return `${JSON.stringify(message)}\n`;
}
