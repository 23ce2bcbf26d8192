import { expect, it } from 'vitest';
import { parseAddresses, parseRoutes, resolveHost } from './routes.ts';

// As iproute2 6.1 prints them.
it('every address is found with its interface, and whether packets leave by it', () => {
  const found = parseAddresses(
    `[{},{"ifname":"lo","flags":["LOOPBACK","UP"],"mtu":65536,"addr_info":[{"local":"127.0.0.1"},{"local":"10.5.0.1"}]},
      {"ifname":"eth0","flags":["UP"],"mtu":1500,"addr_info":[{"local":"10.99.0.1"},{"local":"fe80::1"}]},
      {"ifname":"d0","flags":["UP"],"mtu":1500,"linkinfo":{"info_kind":"dummy"},"addr_info":[{"local":"10.6.0.1"}]},
      {"ifname":"down0","mtu":1500}]`,
  );
  const eth0 = { interface: 'eth0', mtu: 1500, carries: true };
  expect(Object.fromEntries(found)).toEqual({
    '127.0.0.1': { interface: 'lo', mtu: 65536, carries: false },
    '10.5.0.1': { interface: 'lo', mtu: 65536, carries: false },
    '10.99.0.1': eth0,
    'fe80::1': eth0,
    '10.6.0.1': { interface: 'd0', mtu: 1500, carries: false },
  });
});

it('a route says its source, its own MTU, and whether it leads to the host itself', () => {
  const lines = [
    '[{"dst":"10.99.0.1","dev":"eth0","prefsrc":"10.99.0.2","flags":[],"uid":0,"cache":[]}]',
    '[{"dst":"10.2.0.5","from":"10.1.0.1","gateway":"10.1.0.9","dev":"eth1","flags":[],"cache":[],"metrics":[{"mtu":1300}]}]',
    '[{"type":"local","dst":"10.99.0.2","dev":"lo","prefsrc":"10.99.0.2","flags":[],"cache":["local"]}]',
  ];
  expect(parseRoutes(`${lines.join('\n')}\n`)).toEqual([
    { source: '10.99.0.2', interface: 'eth0', toItself: false },
    { interface: 'eth1', toItself: false, mtu: 1300 },
    { source: '10.99.0.2', interface: 'lo', toItself: true },
  ]);
  expect(parseRoutes('')).toEqual([]);
});

it('an MTU learnt from an ICMP message, which anyone can send, is none of the route’s', () => {
  const line =
    '[{"dst":"10.2.0.5","dev":"eth1","flags":[],"cache":["expires 595sec"],"metrics":[{"mtu":600}]}]';
  expect(parseRoutes(line)).toEqual([{ interface: 'eth1', toItself: false }]);
});

it('an address is its own name', async () => {
  expect(await resolveHost('fd00::1')).toEqual(['fd00::1']);
});
