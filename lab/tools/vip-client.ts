/**
 * A service's client, for containers. It is driven by JSON lines (obey.ts):
 *
 *   {"id":1,"do":"ask","to":"web","port":9000,"count":20}   20 connections, one after the other
 *   {"id":2,"do":"load","to":"10.0.1.2","port":9000}        connections without a pause …
 *   {"id":3,"do":"stop"}                                    … until now: what came of them
 *   {"id":4,"do":"hold","to":"10.0.1.2","port":9000}        opens one connection and keeps it
 *   {"id":5,"do":"say"}                                     asks who is at its other end
 *   {"id":6,"do":"send","to":"10.0.1.2","port":9000}        one packet, always from one UDP port
 */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { obey } from './obey.ts';

/** What came of a number of connections. */
export type Outcome = {
  /** Answers by the task's "NAME VERSION". */
  answers: Record<string, number>;
  /** Failures, with the time since the epoch at which each happened, in milliseconds. */
  failures: { at: number; error: string }[];
  /** The longest time that one took, milliseconds. */
  slowest: number;
};

/** `from` is the client's port, any by default; `patience` is in milliseconds. */
type Target = { to: string; port: number; from?: number; patience?: number };

/** A connection that has not been answered by then counts as failed, milliseconds. */
const PATIENCE_MS = 5000;

function request({ to, port, from, patience = PATIENCE_MS }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: to,
      port,
      timeout: patience,
      ...(from === undefined ? {} : { localPort: from }),
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.end('who\n'));
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('timeout', () => socket.destroy(new Error('no answer in time')));
    socket.on('error', reject);
    socket.on('close', () => (text === '' ? reject(new Error('no answer')) : resolve(text.trim())));
  });
}

function recorder(): { outcome: Outcome; one: (target: Target) => Promise<void> } {
  const outcome: Outcome = { answers: {}, failures: [], slowest: 0 };
  const one = async (target: Target): Promise<void> => {
    const begin = performance.now();
    try {
      const who = await request(target);
      outcome.answers[who] = (outcome.answers[who] ?? 0) + 1;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      outcome.failures.push({ at: Date.now(), error: code ?? message });
      // A refused connection must not become a busy loop.
      await delay(20);
    }
    outcome.slowest = Math.max(outcome.slowest, performance.now() - begin);
  };
  return { outcome, one };
}

let isLoading = false;
let loading: Promise<Outcome> | undefined;

/** A pause after each leaves the machine's few cores to what is being tested. */
async function load(target: Target, atOnce: number): Promise<Outcome> {
  const { outcome, one } = recorder();
  isLoading = true;
  const worker = async (): Promise<void> => {
    for (; isLoading; await delay(5)) await one(target);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcome;
}

let held: Socket | undefined;

function hold({ to, port }: Target): Promise<object> {
  held = connect({ host: to, port });
  held.setEncoding('utf8');
  held.on('error', () => {});
  return say();
}

/** Who answers at the other end of the held connection, or why nobody does. */
function say(): Promise<object> {
  return new Promise((resolve) => {
    const socket = held;
    if (socket === undefined || socket.destroyed) {
      resolve({ gone: 'the connection is closed' });
      return;
    }
    const done = (result: object): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      resolve(result);
    };
    const onData = (data: string): void => done({ who: data.trim() });
    const onError = (error: NodeJS.ErrnoException): void => done({ gone: error.code });
    const onClose = (): void => done({ gone: 'closed' });
    const timer = setTimeout(() => done({ gone: 'no answer in time' }), PATIENCE_MS);
    socket.on('data', onData).on('error', onError).on('close', onClose);
    socket.write('who\n');
  });
}

const packets = createSocket('udp4');
packets.on('error', () => {});
packets.bind();

/** @returns who answered, or nothing within half a second */
function send({ to, port }: Target): Promise<object> {
  return new Promise((resolve) => {
    const done = (result: object): void => {
      clearTimeout(timer);
      packets.off('message', take);
      resolve(result);
    };
    const take = (data: Buffer): void => done({ who: data.toString() });
    const timer = setTimeout(() => done({}), 500);
    packets.on('message', take);
    packets.send('who', port, to, (error) => error && done({ gone: error.message }));
  });
}

obey({
  ask: async (given: Target & { count?: number }) => {
    const { outcome, one } = recorder();
    for (let left = given.count ?? 1; left > 0; left--) await one(given);
    return outcome;
  },
  load: (given: Target & { at_once?: number }) => {
    loading = load(given, given.at_once ?? 4);
    return {};
  },
  stop: async () => {
    isLoading = false;
    return (await loading) ?? {};
  },
  hold,
  say,
  send,
});
