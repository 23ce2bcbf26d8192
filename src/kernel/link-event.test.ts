import { expect, it } from 'vitest';
import { parseGoneLink } from './link-event.ts';

// As iproute2 6.1 prints them.
it.each([
  ['a device that is gone', 'Deleted 4: cv123@NONE: <BROADCAST,MULTICAST> mtu 1500 ', 'cv123'],
  ['one without a peer', 'Deleted 5: vx1: <BROADCAST,MULTICAST> mtu 1500 ', 'vx1'],
  [
    'a port that leaves its bridge',
    'Deleted 4: cv123@NONE: <BROADCAST,MULTICAST> mtu 1500 master br0 ',
    undefined,
  ],
  ['a device that changes', '4: cv123@cc123: <BROADCAST,MULTICAST,UP> mtu 1500 ', undefined],
  [
    'a membership that is gone',
    'Deleted dev br0 port cv123 grp 239.1.1.1 permanent proto static ',
    undefined,
  ],
])('%s', (_, line, expected) => {
  expect(parseGoneLink(line)).toBe(expected);
});
