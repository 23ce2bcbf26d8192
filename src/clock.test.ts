import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { monotonicNow } from './clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('does not jump with the time of day', () => {
  const before = monotonicNow();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  expect(monotonicNow() - before).toBeLessThan(60_000);
  vi.setSystemTime(0);
  expect(monotonicNow()).toBeGreaterThanOrEqual(before);
});

it('goes on in the next process, for what the agent’s files say', () => {
  const program = 'console.log(String(process.hrtime.bigint() / 1_000_000n))';
  const before = monotonicNow();
  const other = Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
  expect(other).toBeGreaterThanOrEqual(before);
  expect(monotonicNow()).toBeGreaterThanOrEqual(other);
});

it('is the agent’s clock', () => {
  const main = readFileSync(new URL('main.ts', import.meta.url), 'utf8');
  expect(main).toContain('now: monotonicNow');
});
