import { request } from 'node:http';

/** Docker Engine's API over its socket, as far as castnet reads it. */
export interface Engine {
  /** @throws EngineError when the Engine does not answer or refuses */
  get(path: string): Promise<unknown>;
  /** Follows the Engine's events until closed; `onEvent` gets each as parsed JSON. */
  events(options: EventOptions): { close(): void };
}

export interface EventOptions {
  /** Kinds of object, as in `docker events --filter type=`. */
  readonly types: readonly string[];
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

/** Oldest API the project supports: Docker 20.10. */
const VERSION = 'v1.41';
const TIMEOUT_MS = 10_000;
const RETRY_MS = 1000;

export function dockerEngine(socketPath: string): Engine {
  return {
    get: async (path) => JSON.parse(await get(socketPath, path)),
    events: (options) => followEvents(socketPath, options),
  };
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path: `/${VERSION}${path}`, timeout: TIMEOUT_MS },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.on('error', (error) => reject(new EngineError(`GET ${path}: ${error.message}`, 0)));
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status !== 200) {
            reject(new EngineError(`GET ${path}: ${status} ${text.trim()}`, status));
            return;
          }
          resolve(text);
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    call.on('error', (error) => reject(new EngineError(`GET ${path}: ${error.message}`, 0)));
    call.end();
  });
}

function followEvents(socketPath: string, { types, onEvent, onLost }: EventOptions) {
  const filters = encodeURIComponent(JSON.stringify({ type: types }));
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => {};

  const again = (reason: string): void => {
    if (closed || timer !== undefined) return;
    onLost(reason);
    timer = setTimeout(start, RETRY_MS);
  };
  const start = (): void => {
    timer = undefined;
    const path = `/${VERSION}/events?filters=${filters}`;
    const call = request({ socketPath, path }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8');
      // Events arrive in chunks of any size; each is one line.
      answer.on('data', (part: string) => {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') deliver(line);
      });
      answer.on('close', () => again('the event stream ended'));
    });
    call.on('error', (error) => again(error.message));
    call.end();
    end = () => call.destroy();
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
