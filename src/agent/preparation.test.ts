import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HEAR_MS, KNOWN_MS, Preparation, WRITE_MS } from './preparation.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A host whose namespaces, peers and rules a test decides on. */
function preparing() {
  const there = new Set<string>();
  const coming = new Map<string, (isThere: boolean) => void>();
  const events: string[] = [];
  const warned: unknown[] = [];
  const world = {
    heard: true,
    mark: 7 as number | undefined,
    /** By host, the last change that is in force there. */
    inForce: new Map<string, number>(),
    write: () => Promise.resolve(),
    expected: new Set<string>(),
  };
  const log = { debug() {}, info() {}, error() {}, warn: (it: object) => warned.push(it) };
  const preparation = new Preparation({
    identity: (it) => (there.has(it) ? it : undefined),
    appears: (it, signal) =>
      new Promise((resolve) => {
        coming.set(it, resolve);
        signal.addEventListener('abort', () => resolve(false));
      }),
    write: async (it) => {
      await world.write();
      events.push(`write ${it}`);
    },
    writeIfNone: async (it) => void events.push(`write if none ${it}`),
    isHeard: () => world.heard,
    reconcile: async () => void events.push('reconcile'),
    mark: () => world.mark,
    unconfirmed: (_, mark) => [...world.inForce].flatMap(([it, at]) => (at < mark ? [it] : [])),
    askDocker: () => events.push('ask'),
    isExpected: (it) => world.expected.has(it),
    log,
    now: () => Date.now(),
  });
  const join = (sandbox = '/s') => {
    const state = { done: false };
    void preparation.join('net', sandbox).then(() => {
      state.done = true;
    });
    return state;
  };
  const come = async (sandbox: string) => {
    there.add(sandbox);
    coming.get(sandbox)?.(true);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { preparation, there, coming, events, warned, world, join, come };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

it('writes the rules of a namespace that is there before Join is answered', async () => {
  const { there, world, join, events } = preparing();
  there.add('/s');
  let written = () => {};
  world.write = () => new Promise((resolve) => (written = resolve));
  const joined = join();
  await pass(10);
  expect(joined.done).toBe(false);
  written();
  await pass(0);
  expect(joined.done).toBe(true);
  expect(events).toEqual(['reconcile', 'write /s']);
});

it('answers Join in the end when the rules cannot be written in time', async () => {
  const { there, world, join } = preparing();
  there.add('/s');
  world.write = () => new Promise(() => {});
  const joined = join();
  await pass(WRITE_MS - 1);
  expect(joined.done).toBe(false);
  await pass(1);
  expect(joined.done).toBe(true);
});

it('writes the rules of a namespace that is still to come as soon as it is there', async () => {
  const { join, come, events } = preparing();
  const joined = join();
  await pass(0);
  expect(joined.done).toBe(true);
  expect(events).not.toContain('write /s');
  await come('/s');
  expect(events).toContain('write /s');
});

it('waits for a namespace once, whoever joins it', async () => {
  const { join, come, events } = preparing();
  join();
  join();
  await pass(0);
  await come('/s');
  expect(events.filter((it) => it === 'write /s')).toHaveLength(1);
});

it('gives up a namespace that never comes, and one that nobody comes to any more', async () => {
  const { preparation, world, coming, events } = preparing();
  world.expected.add('/late');
  preparation.expect('/late');
  preparation.expect('/dropped');
  preparation.forget(new Set());
  await pass(60_000);
  for (const resolve of coming.values()) resolve(true);
  await pass(0);
  expect(events).toEqual([]);
  preparation.expect('/closed');
  preparation.close();
  await pass(0);
  expect(events).toEqual([]);
});

it('holds back a network’s first container until its hosts are heard, and asks Docker for them', async () => {
  const { preparation, world, join, events } = preparing();
  world.heard = false;
  const joined = join();
  await pass(500);
  expect(joined.done).toBe(false);
  expect(events.filter((it) => it === 'ask').length).toBeGreaterThan(3);
  world.heard = true;
  preparation.changed();
  await pass(0);
  expect(joined.done).toBe(true);
});

it('waits for hosts that are not heard once for each network, and says so', async () => {
  const { world, join, warned } = preparing();
  world.heard = false;
  const first = join('/a');
  await pass(HEAR_MS - 1);
  expect(first.done).toBe(false);
  await pass(100);
  expect(first.done).toBe(true);
  expect(warned).toHaveLength(1);
  const second = join('/b');
  await pass(0);
  expect(second.done).toBe(true);
});

it('holds back a container until the other hosts’ kernels lead to it', async () => {
  const { preparation, world, join, warned } = preparing();
  world.inForce.set('10.99.0.2', 6).set('10.99.0.3', 7);
  const joined = join();
  await pass(20);
  expect(joined.done).toBe(false);
  world.inForce.set('10.99.0.2', 7);
  preparation.changed();
  await pass(0);
  expect(joined.done).toBe(true);
  expect(warned).toEqual([]);
});

it('does not wait for what comes after the container', async () => {
  const { preparation, world, join } = preparing();
  world.inForce.set('10.99.0.2', 6);
  const joined = join();
  await pass(0);
  world.mark = 9;
  world.inForce.set('10.99.0.2', 7);
  preparation.changed();
  await pass(0);
  expect(joined.done).toBe(true);
});

it('delays one container by a host that does not confirm, and no other until it has', async () => {
  const { preparation, world, join, warned } = preparing();
  world.inForce.set('10.99.0.2', 6);
  const first = join('/a');
  await pass(KNOWN_MS - 1);
  expect(first.done).toBe(false);
  await pass(100);
  expect(first.done).toBe(true);
  expect(warned).toEqual([{ network: 'net', hosts: ['10.99.0.2'] }]);
  world.mark = 8;
  const second = join('/b');
  await pass(0);
  expect(second.done).toBe(true);
  world.inForce.set('10.99.0.2', 7);
  preparation.changed();
  const third = join('/c');
  await pass(0);
  expect(third.done).toBe(false);
});

it('a host that can tell nobody anything delays a network’s first container alone', async () => {
  const { world, join } = preparing();
  world.mark = undefined;
  const first = join('/a');
  await pass(HEAR_MS - 200);
  expect(first.done).toBe(false);
  await pass(300);
  expect(first.done).toBe(true);
  const second = join('/b');
  await pass(0);
  expect(second.done).toBe(true);
});

it('a new agent writes what is lacking, and waits for the namespaces that are still to come', async () => {
  const { preparation, there, come, events } = preparing();
  there.add('/old');
  await preparation.resume(['/new', '/old', '/old']);
  expect(events).toEqual(['write if none /old']);
  await come('/new');
  expect(events).toEqual(['write if none /old', 'write /new']);
});
