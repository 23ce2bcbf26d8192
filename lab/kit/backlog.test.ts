import { expect, it } from 'vitest';
import { backlogDrops, parseDrops } from './backlog.ts';

it('sums what the processors dropped, of columns in hexadecimal', () => {
  expect(parseDrops('09471618 0000101b 0000001a\n082d6d48 00000d83 0000001c\n')).toBe(7582);
});

it('reads this machine’s own', async () => {
  expect(await backlogDrops()).toBeGreaterThanOrEqual(0);
});
