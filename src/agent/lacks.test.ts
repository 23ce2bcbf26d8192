import { expect, it } from 'vitest';
import { inShort, noteLacks, outOfSight } from './lacks.ts';

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

it('names a container whose namespace lies where the plugin cannot see it', () => {
  const seen = ['/var/run/docker/netns/a', '/run/docker/netns/b'];
  expect(outOfSight(seen)).toBe('');
  expect(outOfSight([...seen, '/data/exec/netns/c', '/var/running/d'])).toBe(
    '/data/exec/netns/c, and 1 more',
  );
});
