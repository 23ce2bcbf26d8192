import { expect, it } from 'vitest';
import { parseDevices, parseLinks } from './underlay.ts';

// As iproute2 6.1 prints them.
it('finds the interfaces of routes, also of several next hops, one list a line', () => {
  const lines = [
    '[{"dst":"10.1.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.1.0.1","flags":[]}]',
    '[{"dst":"default","flags":[],"nexthops":[{"gateway":"10.1.0.9","dev":"eth0","weight":1,"flags":[]},{"gateway":"10.2.0.9","dev":"eth1","weight":1,"flags":[]}]}]',
    '',
  ];
  expect(parseDevices(lines.join('\n'))).toEqual(['eth0', 'eth1']);
  expect(parseDevices('')).toEqual([]);
});

it('tells a network card from what the kernel makes', () => {
  const json =
    '[{"ifname":"lo","link_type":"loopback","address":"00:00:00:00:00:00","addr_info":[{"local":"127.0.0.1"}]},' +
    '{"ifname":"eth0","link_type":"ether","address":"02:00:00:00:00:01","master":"br-lan"},' +
    '{"ifname":"br-lan","link_type":"ether","address":"02:00:00:00:00:01","linkinfo":{"info_kind":"bridge"},"addr_info":[{"local":"10.0.0.1"}]},{}]';
  expect(parseLinks(json)).toEqual([
    { name: 'lo', addresses: ['127.0.0.1'] },
    { name: 'eth0', mac: '02:00:00:00:00:01', master: 'br-lan', addresses: [] },
    { name: 'br-lan', mac: '02:00:00:00:00:01', kind: 'bridge', addresses: ['10.0.0.1'] },
  ]);
});
