import { expect, it } from 'vitest';
import { changes } from './route-limit.ts';

// As iproute2 6.1 prints them.
const SHOWN = `10.0.1.0/24 proto kernel scope link src 10.0.1.5
224.0.0.0/4 scope link mtu 1350 linkdown
`;

it('every route is given the MTU, in the place of one that it has', () => {
  expect(changes(SHOWN, 'dev eth0 mtu 1300')).toEqual([
    'route change 10.0.1.0/24 proto kernel scope link src 10.0.1.5 dev eth0 mtu 1300\n',
    'route change 224.0.0.0/4 scope link dev eth0 mtu 1300\n',
  ]);
  expect(changes(SHOWN, 'dev eth0')).toEqual([
    'route change 10.0.1.0/24 proto kernel scope link src 10.0.1.5 dev eth0\n',
    'route change 224.0.0.0/4 scope link dev eth0\n',
  ]);
});
