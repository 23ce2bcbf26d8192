import { expect, it } from 'vitest';
import { inShort, noteLacks } from './lacks.ts';

it('notes what is lacked and what is there', () => {
  const calls: string[] = [];
  const faults = {
    note: (subject: string, what: string) => void calls.push(`${subject}: ${what}`),
    well: (subject: string) => void calls.push(`${subject} is well`),
  };
  noteLacks(faults, { rules: 'none', guards: '' });
  expect(calls).toEqual(['rules: none', 'guards is well']);
});

it('names the first of several', () => {
  expect([[], ['a'], ['a', 'b', 'c']].map(inShort)).toEqual(['', 'a', 'a, and 2 more']);
});
