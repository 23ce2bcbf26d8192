/**
 * A container's program for the chaos run: it never stops saying packets to a group and to each
 * container that it is told of, notes what it hears of the others, and calls services. It answers
 * at a Unix socket, which works from outside without Docker:
 *
 *   node pulse.ts [WORD PREFIX]
 *   GET /                                           -> Report
 *   PUT / {"to":["10.0.1.3"],"call":["10.0.1.2"]}   whom it says packets to and which it calls
 *
 * With a word each packet has it, with the packet's kind behind; then it also says a broadcast each second,
 * and tells its address, which begins with the prefix, by ARP and neighbour discovery.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { gratuitousArp, neighbourAdvertisement } from './announcement.ts';
import { Flow } from './flow.ts';

export type Calls = {
  ok: number;
  failed: number;
  /** When one was answered last, and when one failed last, milliseconds since the epoch; 0: never. */
  okAt: number;
  failedAt: number;
  lastError: string;
};

export type Report = {
  /** Of this run of the program: a container that is started again has another. */
  id: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  now: number;
  flows: {
    /** The sender's id. */
    from: string;
    /** "m" for the group, "u" for packets to this container alone, "b" for broadcasts. */
    kind: string;
    count: number;
    lost: number;
    doubles: number;
    lastAt: number;
    since: number;
  }[];
  /** Since when it says packets to each address that it was told of, milliseconds of the epoch. */
  told: Record<string, number>;
  /** By address. */
  calls: Record<string, Calls>;
  /** Packets that arrived when this program had not read so many that its socket was full. */
  unread: number;
};

const SOCKET = '/tmp/pulse.sock';
const GROUP = '239.90.0.1';
const PACKET_PORT = 5001;
const CALL_PORT = 9000;
const SAY_EVERY_MS = 100;
const CALL_EVERY_MS = 200;
const ANNOUNCE_EVERY_MS = 1_000;
/** For so long after packets were not read, gaps are this program's own. */
const BUSY_MS = 1_000;
/** A call without an answer by then has failed; longer than the kernel's first retries (1, 3 s). */
const CALL_PATIENCE_MS = 5_000;

const [word, prefix = ''] = process.argv.slice(2);
const startedAt = Date.now();
const id = `${hostname()}.${startedAt.toString(36)}`;
/** By sender and kind; bounded by the containers that live while this one does. */
const flows = new Map<string, Flow>();
/** Numbers of the packets said so far, by address; bounded likewise. */
const said = new Map<string, number>();
const calls: Record<string, Calls> = {};
const underWay = new Set<string>();
let told: Record<string, number> = {};
let targets: { to: string[]; call: string[] } = { to: [], call: [] };

const socket = createSocket({ type: 'udp4', reuseAddr: true });
// What the kernel does not take is a lost packet as any other: its number is missing.
socket.on('error', () => {});
socket.on('message', (data) => {
  const [from = '', kind, number] = data.toString().split(' ');
  const key = `${from} ${kind}`;
  const flow = flows.get(key) ?? new Flow(wasBusy);
  flows.set(key, flow);
  if (from !== id) flow.take(Number(number), Date.now());
});

function say(kind: string, address: string): void {
  const number = (said.get(address) ?? 0) + 1;
  said.set(address, number);
  const text = `${id} ${kind} ${number}${word === undefined ? '' : ` ${word}-${kind}`}`;
  socket.send(text, PACKET_PORT, address, () => {});
}

socket.bind(PACKET_PORT, () => {
  socket.addMembership(GROUP);
  setInterval(() => {
    say('m', GROUP);
    for (const address of targets.to) say('u', address);
  }, SAY_EVERY_MS);
  if (word !== undefined) announce();
});

/** By a program beside this one, for Node sends no raw frames. */
function announce(): void {
  socket.setBroadcast(true);
  const links = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map((it) => ({ name, ...it })),
  );
  const own = links.find(({ address }) => address.startsWith(prefix));
  if (own === undefined) return;
  const mac = Buffer.from(own.mac.replaceAll(':', ''), 'hex');
  const ip = Buffer.from(own.address.split('.').map(Number));
  const frames = [gratuitousArp(mac, ip), neighbourAdvertisement(mac)];
  const lines = frames.map((it) => `${it.toString('hex')}\n`).join('');
  const program = join(import.meta.dirname, 'frames.pl');
  const child = spawn('perl', [program, own.name], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  setInterval(() => {
    say('b', '255.255.255.255');
    child.stdin.write(lines);
  }, ANNOUNCE_EVERY_MS);
}

function call(address: string): void {
  if (underWay.has(address)) return;
  underWay.add(address);
  calls[address] ??= { ok: 0, failed: 0, okAt: 0, failedAt: 0, lastError: '' };
  const result = calls[address];
  let answered = false;
  let why = 'closed without an answer';
  const connection = connect({ host: address, port: CALL_PORT });
  const late = setTimeout(() => {
    why = 'no answer';
    connection.destroy();
  }, CALL_PATIENCE_MS);
  connection.on('data', () => {
    answered = true;
  });
  connection.on('error', (error: NodeJS.ErrnoException) => {
    why = error.code ?? error.message;
  });
  connection.on('close', () => {
    clearTimeout(late);
    underWay.delete(address);
    if (answered) {
      result.ok++;
      result.okAt = Date.now();
    } else {
      result.failed++;
      result.failedAt = Date.now();
      result.lastError = why;
    }
  });
}

setInterval(() => {
  for (const address of targets.call) call(address);
}, CALL_EVERY_MS);

const server = createServer((connection) => {
  connection.on('error', () => {});
  connection.end(`${id}\n`);
});
server.listen({ port: CALL_PORT, backlog: 511 });

/** The last column of the socket's row in the kernel's table (proc_pid_net(5)). */
function unread(): number {
  const port = PACKET_PORT.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/self/net/udp', 'utf8').split('\n');
  const own = rows.find((it) => it.includes(`: 00000000:${port} `));
  return Number(own?.trim().split(/\s+/).at(-1) ?? 0);
}

let busy = { count: 0, at: Number.NEGATIVE_INFINITY };

/**
 * Whether this program has not read something in time in the last seconds: each flow finds its gap
 * with its next packet, which may wait in the socket behind some hundred others.
 */
function wasBusy(): boolean {
  const now = performance.now();
  const count = unread();
  if (count > busy.count) busy = { count, at: now };
  return now - busy.at < BUSY_MS;
}

function report(): Report {
  const list = [...flows].map(([key, { count, lost, doubles, lastAt, since }]) => {
    const [from = '', kind = ''] = key.split(' ');
    return { from, kind, count, lost, doubles, lastAt, since };
  });
  const heard = list.filter(({ count }) => count > 0);
  return { id, startedAt, now: Date.now(), flows: heard, told, calls, unread: unread() };
}

// A container that is started again finds the file of its earlier run.
rmSync(SOCKET, { force: true });
createHttpServer(async (request, answer) => {
  if (request.method === 'PUT') {
    let text = '';
    for await (const chunk of request) text += chunk;
    targets = JSON.parse(text) as typeof targets;
    told = Object.fromEntries(targets.to.map((it) => [it, told[it] ?? Date.now()]));
  }
  answer.end(JSON.stringify(report()));
}).listen(SOCKET);

// As the first process of a container it would ignore the signal.
process.on('SIGTERM', () => {
  server.close();
  setTimeout(() => process.exit(0), 500);
});
