import type { HostEvent } from '../contract/answers.ts';

/** Lines kept: some minutes of a host where much changes. */
const KEPT = 200;

/** Characters; other hosts take no more of a text. */
const LONGEST = 1000;

type Level = 'debug' | HostEvent['level'];
type Log = Record<Level, (fields: object, message: string) => void>;

/** The newest lines of the agent's log, for people who look from another host. */
export class Events {
  /** Bounded by `KEPT`; oldest first. */
  #kept: HostEvent[] = [];
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  #count = 0;

  /** A log that remembers what it was told and passes it on. */
  beside(log: Log): Log {
    const told = (level: HostEvent['level']) => (fields: object, message: string) => {
      this.#keep(level, fields, message);
      log[level](fields, message);
    };
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: told('info'),
      warn: told('warn'),
      error: told('error'),
    };
  }

  /** Those of the last seconds. */
  newest(seconds: number): readonly HostEvent[] {
    const since = Date.now() - seconds * 1000;
    return this.#kept.filter((it) => it.at >= since);
  }

  #keep(level: HostEvent['level'], fields: object, message: string): void {
    this.#count += 1;
    const id = `${this.#epoch}-${this.#count}`;
    const text = `${message}${inWords(fields)}`.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST);
    const event = { id, at: Date.now(), level, text };
    this.#kept = [...this.#kept.slice(1 - KEPT), event];
  }
}

/** The fields of a line as a person reads them: `: VALUE`, or `: name VALUE, name VALUE`. */
function inWords(fields: object): string {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (said.length === 0) return '';
  if (said.length === 1) return `: ${asText(said[0]?.[1])}`;
  return `: ${said.map(([name, value]) => `${name} ${asText(value)}`).join(', ')}`;
}

function asText(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
