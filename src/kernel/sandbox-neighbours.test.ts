import { expect, it } from 'vitest';
import { parseUnanswered } from './sandbox-neighbours.ts';

it('reads what a container has asked for in vain', () => {
  const text = '[{"dst":"10.0.2.4","dev":"eth1","state":["INCOMPLETE"]}]\n';
  expect(parseUnanswered(text)).toEqual([{ ip: '10.0.2.4', dev: 'eth1' }]);
  expect(parseUnanswered('[ ]\n')).toEqual([]);
  expect(parseUnanswered('')).toEqual([]);
});
