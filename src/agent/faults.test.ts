import { beforeEach, expect, it } from 'vitest';
import { Faults, GRACE_MS } from './faults.ts';

let now = 0;
let lines: string[] = [];
const say = (fields: object, message: string): void => {
  lines.push(`${message} ${JSON.stringify(fields)}`);
};
const log = { debug: say, info: say, warn: say, error: say };
let faults: Faults;

beforeEach(() => {
  now = 0;
  lines = [];
  faults = new Faults({ log, now: () => now, timeOfDay: () => 1_000_000 + now });
});

it('what is missing for a moment is no fault, and no line in the log', () => {
  faults.note('docker', 'refused');
  now = GRACE_MS - 1;
  expect(faults.current()).toEqual([]);
  faults.well('docker');
  now = 10 * GRACE_MS;
  expect(faults.current()).toEqual([]);
  expect(lines).toEqual([]);
});

it('what lasts is told with its last reason and its beginning, and logged once', () => {
  faults.note('docker', 'no answer');
  for (now = 1000; now <= 3 * GRACE_MS; now += 1000) faults.note('docker', 'refused');
  expect(faults.current()).toEqual([{ subject: 'docker', what: 'refused', since: 1_000_000 }]);
  faults.well('docker');
  expect(faults.current()).toEqual([]);
  expect(lines).toHaveLength(2);
});

it('a fault that is noted again and again is over when it is noted no more', () => {
  for (now = 0; now <= 2 * GRACE_MS; now += 500) faults.note('tasks', 'why', 2_000);
  expect(faults.current()).toHaveLength(1);
  now += 3_000;
  expect(faults.current()).toEqual([]);
  faults.note('tasks', 'why', 2_000);
  expect(faults.current()).toEqual([]);
});
