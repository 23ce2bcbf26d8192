import { expect, it } from 'vitest';
import { readUses } from './uses.ts';

const SAID: Record<string, string[]> = {
  networks: ['n1 shop', 'n2 mail'],
  containers: [
    'cart running ',
    'cart running ',
    'old exited ',
    'web.1.x running s1',
    'castnet-expose-shop running  shop',
  ],
  services: [
    JSON.stringify({ Name: 'web', TaskTemplate: { Networks: [{ Target: 'n1' }] } }),
    JSON.stringify({ Name: 'other', TaskTemplate: { Networks: [{ Target: 'n9' }] } }),
    JSON.stringify({ Name: 'bare', TaskTemplate: {} }),
  ],
};

it('reads who is on castnet’s networks, a service’s tasks by its name', () => {
  expect(readUses('h1', (it) => SAID[it] ?? [])).toEqual({
    host: 'h1',
    containers: [
      { name: 'cart', state: 'running' },
      { name: 'old', state: 'exited' },
      { name: 'castnet-expose-shop', state: 'running', holds: 'shop' },
    ],
    services: ['web'],
    networks: ['mail', 'shop'],
  });
});
