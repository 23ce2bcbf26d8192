import { expect, it } from 'vitest';
import { parseAddresses, parseRoute, resolveHost } from './routes.ts';

// As iproute2 6.1 prints them.
it('every address is found with its interface', () => {
  const found = parseAddresses(
    `[{},{"ifname":"lo","mtu":65536,"addr_info":[{"family":"inet","local":"127.0.0.1"},{"family":"inet","local":"10.5.0.1"}]},
      {"ifname":"eth0","mtu":1500,"addr_info":[{"family":"inet","local":"10.99.0.1"},{"family":"inet6","local":"fe80::1"}]},
      {"ifname":"down0","mtu":1500}]`,
  );
  expect([...found]).toEqual([
    ['127.0.0.1', { interface: 'lo', mtu: 65536 }],
    ['10.5.0.1', { interface: 'lo', mtu: 65536 }],
    ['10.99.0.1', { interface: 'eth0', mtu: 1500 }],
    ['fe80::1', { interface: 'eth0', mtu: 1500 }],
  ]);
});

it('a route says its source, and whether it leads to the host itself', () => {
  expect(
    parseRoute(
      '[{"dst":"10.99.0.1","dev":"eth0","prefsrc":"10.99.0.2","flags":[],"uid":0,"cache":[]}]',
    ),
  ).toEqual({ source: '10.99.0.2', interface: 'eth0', toItself: false });
  expect(
    parseRoute(
      '[{"type":"local","dst":"10.99.0.2","dev":"lo","prefsrc":"10.99.0.2","flags":[],"uid":0,"cache":["local"]}]',
    ),
  ).toEqual({ source: '10.99.0.2', interface: 'lo', toItself: true });
  expect(parseRoute('')).toBeUndefined();
});

it('an address is its own name', async () => {
  expect(await resolveHost('fd00::1')).toEqual(['fd00::1']);
});
