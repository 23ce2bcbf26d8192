import { expect, it } from 'vitest';
import { isOrphan } from './orphans.ts';

const own = process.pid.toString(36);
// The kernel's pids end at 2^22 (proc(5), pid_max).
const never = (2 ** 23).toString(36);

it.each([
  [`test-basics-${never}`, true],
  [`test-mtu6-${never}`, true],
  [`test-basics-${own}`, false],
  ['lab', false],
  ['demo', false],
  ['test-dev', false],
  [`test-${never}`, false],
])('%s', (name, expected) => {
  expect(isOrphan(name)).toBe(expected);
});
