import * as z from 'zod';
import { type ApiRange, chooseApi } from '../core/docker-api.ts';
import { ask, follow } from '../system/http.ts';

/** Docker Engine's API over its socket, as far as castnet reads it. */
export interface Engine {
  /** @throws EngineError when the Engine does not answer or refuses */
  get(path: string): Promise<unknown>;
  /** Follows the Engine's events until closed; `onEvent` gets each as parsed JSON. */
  events(options: EventOptions): { close(): void };
}

/** The same, for what castnet changes. */
export interface ActingEngine extends Engine {
  /**
   * @returns its answer as it is
   * @throws EngineError when it does not answer or refuses
   */
  send(asked: Asked): Promise<string>;
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Milliseconds; ten seconds unless given. */
  readonly timeoutMs?: number;
}

export interface EventOptions {
  /** Kinds of object, as in `docker events --filter type=`. */
  readonly types: readonly string[];
  /** As in `docker events --filter event=`; without it all. */
  readonly events?: readonly string[];
  readonly onEvent: (event: unknown) => void;
  /** The stream ended or never began; it is tried again by itself. */
  readonly onLost: (reason: string) => void;
}

export class EngineError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

/** Whether the Engine did not answer, or has no API version in common with castnet. */
export const isSilence = (error: unknown): boolean =>
  !(error instanceof EngineError && error.status > 0 && error.status !== 400);

const TIMEOUT_MS = 10_000;
const RETRY_MS = 1000;

const Version = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
});

/** An Engine that refuses the version of a call: it was upgraded, or is told another minimum now. */
const isOtherVersion = (error: unknown): boolean =>
  error instanceof EngineError && error.status === 400 && /version .* is too/.test(error.message);

/**
 * The Engine at a socket. The API's version is negotiated at the first call, and again when the
 * Engine refuses it or its events end: another Engine may be at the socket by then.
 */
export function dockerEngine(socketPath: string): ActingEngine {
  let negotiated: Promise<string> | undefined;
  const version = (): Promise<string> => {
    negotiated ??= apiRange(socketPath)
      .then(chooseApi)
      .catch((error: unknown) => {
        negotiated = undefined;
        throw error;
      });
    return negotiated;
  };
  const once = async (asked: Asked): Promise<string> =>
    call(socketPath, asked, `/v${await version()}`);
  const send = (asked: Asked): Promise<string> =>
    once(asked).catch((error: unknown) => {
      if (!isOtherVersion(error)) throw error;
      negotiated = undefined;
      return once(asked);
    });
  return {
    get: async (path) => JSON.parse(await send({ method: 'GET', path })),
    send,
    events: (options) =>
      followEvents(socketPath, {
        ...options,
        version,
        onLost: (reason) => {
          negotiated = undefined;
          options.onLost(reason);
        },
      }),
  };
}

/** Every Engine answers this one without a version. */
async function apiRange(socketPath: string): Promise<ApiRange> {
  const found = Version.parse(
    JSON.parse(await call(socketPath, { method: 'GET', path: '/version' })),
  );
  const { Version: engine, ApiVersion: most, MinAPIVersion: least = most } = found;
  return { engine, least, most };
}

async function call(socketPath: string, asked: Asked, version = ''): Promise<string> {
  const { method, path } = asked;
  const sent = { timeoutMs: TIMEOUT_MS, ...asked, socketPath, path: `${version}${path}` };
  const { status, text } = await ask(sent).catch((error: Error) => {
    throw new EngineError(`${method} ${path}: ${error.message}`, 0);
  });
  if (status >= 200 && status < 300) return text;
  throw new EngineError(`${method} ${path}: ${status} ${text.trim()}`, status);
}

interface Followed extends EventOptions {
  readonly version: () => Promise<string>;
}

function followEvents(socketPath: string, options: Followed) {
  const { types: type, events: event, version, onEvent, onLost } = options;
  const filters = encodeURIComponent(JSON.stringify({ type, event }));
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => {};

  const again = (reason: string): void => {
    if (closed || timer !== undefined) return;
    timer = setTimeout(start, RETRY_MS);
    onLost(reason);
  };
  const start = (): void => {
    timer = undefined;
    version().then(listen, (error: Error) => again(error.message));
  };
  const listen = (spoken: string): void => {
    if (closed) return;
    const path = `/v${spoken}/events?filters=${filters}`;
    const onEnd = (reason: string) => again(`the event stream: ${reason}`);
    // Docker sends the head of its answer at once (moby, api/server/router/system, getEvents).
    const stream = follow({ socketPath, path, timeoutMs: TIMEOUT_MS }, { onLine: deliver, onEnd });
    end = () => stream.close();
  };
  const deliver = (line: string): void => {
    try {
      onEvent(JSON.parse(line));
    } catch (error) {
      onLost(`an event could not be read: ${(error as Error).message}`);
    }
  };
  start();
  return {
    close(): void {
      closed = true;
      clearTimeout(timer);
      end();
    },
  };
}
