import { expect, test, vi } from 'vitest';
import { Events } from './events.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test('keeps what the log is told, in words, but for what is only for debugging', () => {
  const events = new Events();
  const log = events.beside(silent);
  log.debug({ reason: 'x' }, 'no');
  log.info({ step: 'add: port cva' }, 'forwarding changed');
  log.warn({ network: 'net', count: 3 }, 'groups are not told');
  log.error({ error: new Error('it broke') }, 'reconciling failed');
  log.info({}, 'castnet is ready');
  expect(events.newest(60).map(({ level, text }) => [level, text])).toEqual([
    ['info', 'forwarding changed: add: port cva'],
    ['warn', 'groups are not told: network net, count 3'],
    ['error', 'reconciling failed: it broke'],
    ['info', 'castnet is ready'],
  ]);
});

test('a line is short and has no orders for a terminal', () => {
  const events = new Events();
  events.beside(silent).warn({ error: new Error(`\u001b[2J\n${'x'.repeat(5000)}`) }, 'odd');
  expect(events.newest(60)[0]?.text).toMatch(/^odd: {1,2}\[2J x+$/);
  expect(events.newest(60)[0]?.text).toHaveLength(1000);
});

test('keeps the newest 200, each with an id of its own', () => {
  const events = new Events();
  const log = events.beside(silent);
  for (let n = 0; n < 1000; n++) log.info({ n }, 'turn');
  const kept = events.newest(60);
  expect(kept).toHaveLength(200);
  expect(kept.at(-1)?.text).toBe('turn: 999');
  expect(new Set(kept.map((it) => it.id)).size).toBe(200);
});

test('tells those of the last seconds', () => {
  vi.useFakeTimers();
  const events = new Events();
  const log = events.beside(silent);
  log.info({}, 'old');
  vi.advanceTimersByTime(20_000);
  log.info({}, 'new');
  expect(events.newest(60).map((it) => it.text)).toEqual(['old', 'new']);
  expect(events.newest(10).map((it) => it.text)).toEqual(['new']);
  vi.useRealTimers();
});
