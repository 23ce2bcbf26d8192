import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';

/**
 * The one client of HTTP over a Unix socket, for agent, command and lab. It is node:http, which the
 * agent's servers need too: undici adds 20 MB to an agent's 60 (one program with a server and 20
 * calls: RSS 61.6 MB against 81.6, started as the plugin is).
 */

// `import` would load all that node:http offers, WebSocket and fetch among it: 20 to 40 ms.
const { request } = createRequire(import.meta.url)('node:http') as typeof import('node:http');

export interface HttpCall {
  readonly socketPath: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  /** Keeps connections. Without it each call has its own: a kept one may be closed as it is used. */
  readonly agent?: Agent;
  /** Milliseconds from the call to the end of the answer; to its begin, of one that is followed. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** No answer, or not the whole of one, in time. */
export class HttpTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'HttpTimeout';
  }
}

/**
 * Asks, and reads the whole answer, whatever its status.
 * @throws HttpTimeout, or Error with node's `code` when there is no server or its answer breaks off
 */
export function ask(call: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new HttpTimeout(call.timeoutMs));
      sent.destroy();
    }, call.timeoutMs);
    const sent = send(call, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.on('close', () => clearTimeout(timer));
  });
}

/** What comes of an answer without an end. */
export interface LineReader {
  readonly onLine: (line: string) => void;
  /** Called once, unless it was closed before. */
  readonly onEnd: (reason: string) => void;
}

/** Follows an answer line by line until it ends or is closed. */
export function follow(call: HttpCall, { onLine, onEnd }: LineReader): { close(): void } {
  let over = false;
  const end = (reason: string): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    sent.destroy();
    onEnd(reason);
  };
  const timer = setTimeout(() => end(new HttpTimeout(call.timeoutMs).message), call.timeoutMs);
  const sent = send(call, (answer) => {
    clearTimeout(timer);
    if (answer.statusCode !== 200) {
      end(`it is refused with status ${answer.statusCode}`);
      return;
    }
    let rest = '';
    // Lines arrive in chunks of any size.
    answer.setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '' && !over) onLine(line);
    });
    answer.on('error', (error) => end(error.message));
    answer.on('close', () => end('it ended'));
  });
  sent.on('error', (error) => end(error.message));
  return {
    close: () => {
      over = true;
      clearTimeout(timer);
      sent.destroy();
    },
  };
}

function send(call: HttpCall, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
  const { socketPath, path, method = 'GET', headers = {}, body, agent = false } = call;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const options = { socketPath, path, method, headers: { ...length, ...headers }, agent };
  const sent = request(options, onAnswer);
  sent.end(body);
  return sent;
}
