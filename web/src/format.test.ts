import { expect, test } from 'vitest';
import { bytesPerSecond, count, short } from './format.ts';

test.each([
  [0, '0 '],
  [7, '7 '],
  [999, '999 '],
  [999.6, '1.00 k'],
  [12_345, '12.3 k'],
  [123_456, '123 k'],
  [999_500, '1.00 M'],
  [5e12, '5.00 T'],
  [5e15, '5000 T'],
])('%d is %s', (value, text) => {
  expect(short(value)).toBe(text);
});

test('rates and counts', () => {
  expect(bytesPerSecond(0)).toBe('0');
  expect(bytesPerSecond(1500)).toBe('1.50 kB/s');
  expect([count(1, 'host'), count(2, 'host')]).toEqual(['1 host', '2 hosts']);
});
