import { expect, it } from 'vitest';
import type { Step } from '../core/forwarding/difference.ts';
import { StepLog } from './step-log.ts';

it('tells each of some changes, and of thousands how many they are', () => {
  const lines: (readonly [string, unknown])[] = [];
  const info = (fields: object, text: string) => void lines.push([text, fields]);
  let now = 0;
  const told = new StepLog({ debug() {}, info, warn() {}, error() {} }, () => now);
  const step = (n: number): Step => ({
    action: 'add',
    fact: { kind: 'port', dev: `cv${n}`, bridge: 'cb1', settled: true },
  });
  told.take([step(1), step(2)]);
  expect(lines.map(([text]) => text)).toEqual(['forwarding changed', 'forwarding changed']);
  for (let second = 0; second < 60; second++) {
    now = second * 1000;
    told.take(Array.from({ length: 2048 }, (_, n) => step(n)));
  }
  expect(lines.length).toBeLessThan(200 + 60 * 5 + 60 / 5 + 2);
  const counted = lines.flatMap(([, fields]) => (fields as { changes?: number }).changes ?? []);
  const sum = counted.reduce((all, it) => all + it, 0);
  expect(sum + lines.length).toBeGreaterThan(2048 * 55);
});
