import { type Logger, pino } from 'pino';

/**
 * The agent's log: one line for each event in Docker's own form (logfmt), `level=info
 * msg="forwarding changed" step="add: …"`, since it becomes part of the Engine's log. The Engine
 * adds the time. `level` may be set while the agent runs.
 */
export function openLog(level: string, write: (line: string) => void): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: false,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (json: string) => write(logfmt(json)) },
  );
}

/** pino's JSON as one line of key=value pairs. */
export function logfmt(json: string): string {
  const { level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const pairs = Object.entries({ level, msg, ...fields }).filter(([, it]) => it !== undefined);
  return `${pairs.map(([key, value]) => `${key}=${quoted(value)}`).join(' ')}\n`;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
