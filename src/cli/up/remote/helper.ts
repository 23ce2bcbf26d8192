/**
 * What `castnet up` runs on a host for the time of one run, by the Node of castnet's plugin: it reads
 * requests, a line of JSON each, from its standard input and answers each with a line. It ends with its
 * input, and nothing stays of it. Given to Node as text, so that nothing is written on the host.
 */
import { createInterface } from 'node:readline';
import { ask } from '../../../system/http.ts';
import { listen, stopListening, type Where } from './listeners.ts';
import { addressTowards, interfaces } from './own-addresses.ts';
import { reachTcp, sendUdp } from './send.ts';
import { tryScript } from './try-script.ts';

/** What a request may carry; each operation takes its own. */
interface Args {
  readonly address: string;
  readonly port: number;
  readonly text: string;
  readonly ports: readonly Where[];
  readonly rootfs: string;
  readonly tool: string;
  readonly script: string;
  readonly socket: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

type Operation = (args: Args) => Promise<unknown>;

/** Milliseconds; a call that may take longer says so. */
const CALL_MS = 60_000;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  interfaces: async () => interfaces(),
  towards: ({ address }) => addressTowards(address),
  listen: ({ ports }) => listen(ports),
  heard: () => stopListening(),
  tcp: ({ address, port }) => reachTcp(address, port),
  udp: ({ address, port, text }) => sendUdp({ address, port, text }),
  feature: (args) => tryScript(args),
  // The body may hold a Swarm's token, which so is on no command line.
  call: ({ socket, method = 'GET', path, body, timeoutMs }) =>
    ask({
      ...{ socketPath: socket, method, path, timeoutMs: timeoutMs ?? CALL_MS },
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
};

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, operation, args } = JSON.parse(line) as {
    id: number;
    operation: string;
    args: Args;
  };
  const run = OPERATIONS[operation] ?? (() => Promise.reject(new Error(`no ${operation}`)));
  run(args).then(
    (value) => say({ id, value: value ?? null }),
    (error: Error) => say({ id, error: error.message }),
  );
});
lines.on('close', () => process.exit(0));
say({ ready: true });
