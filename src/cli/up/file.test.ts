import { expect, it } from 'vitest';
import { parseWishes } from './file.ts';

const read = (text: string) => parseWishes(text, 'castnet.yaml');

it('reads hosts, network and settings', () => {
  const found = read(`
hosts:
  - root@h1
  - host: h2:2222
    address: 192.168.1.2
network:
  name: shop
  options: {ipv6: 'fd00:1::/64', mtu: 1400}
settings:
  CASTNET_PORT: 4800
`);
  expect(found.hosts).toMatchObject([
    { host: 'h1', user: 'root' },
    { host: 'h2', port: 2222, address: '192.168.1.2' },
  ]);
  expect(found.network).toEqual({ name: 'shop', options: { ipv6: 'fd00:1::/64', mtu: '1400' } });
  expect(found.settings).toEqual({ CASTNET_PORT: '4800' });
});

it('takes a network by its name alone', () => {
  expect(read('hosts: [h1]\nnetwork: shop').network).toEqual({ name: 'shop', options: {} });
});

it.each([
  ['hosts: [h1', /castnet.yaml is no YAML/],
  ['', /castnet.yaml: the file/],
  ['hosts: h1', /castnet.yaml: hosts/],
  ['hosts: [h1]\nnetworks: x', /networks/],
  ['hosts: [{host: h1, adress: 10.0.0.1}]', /hosts.0/],
  ['hosts: [h1]\nsettings: {PORT: 1}', /no setting PORT/],
  ['hosts: ["h;x"]', /no host/],
])('refuses %j, naming the place', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
