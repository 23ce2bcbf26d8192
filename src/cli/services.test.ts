import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { servicesText } from './services.ts';

it('writes a service once, a line for each task, and one without tasks as refused', () => {
  const task = { host: 'h1', serving: true, connections: 3, packets: 9, bytes: 90 };
  const backends = [
    { ...task, address: '10.0.1.5', container: 'web.1' },
    { ...task, address: '10.0.1.6', serving: false },
  ];
  const services = [
    { network: 'front', service: 'web', vip: '10.0.1.2', backends },
    { network: 'front', service: 'idle', vip: '10.0.1.3', backends: [] },
  ];
  const silent = [{ address: 'h2', error: 'no answer' }];
  const text = stripVTControlCharacters(servicesText({ services, silent }));
  const words = text.split('\n').map((it) => it.trim().split(/\s+/));
  expect(words.slice(1)).toEqual([
    ['front', 'web', '10.0.1.2', 'web.1', '10.0.1.5', 'h1', 'serving', '3', '9'],
    ['-', '10.0.1.6', 'h1', 'draining', '3', '9'],
    ['front', 'idle', '10.0.1.3', 'none', '-', '-', 'refused', '-', '-'],
    ['h2', 'did', 'not', 'answer:', 'no', 'answer'],
  ]);
});

it('says so when there is none', () => {
  expect(servicesText({ services: [], silent: [] })).toBe('No service has a virtual address here.');
});
