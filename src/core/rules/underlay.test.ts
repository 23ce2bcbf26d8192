import { expect, it } from 'vitest';
import { type HostLink, type UnderlayFacts, underlay } from './underlay.ts';

const link = (name: string, more: Partial<HostLink> = {}): HostLink => ({
  name,
  addresses: [],
  ...more,
});
const lo = link('lo', { mac: '00:00:00:00:00:00', addresses: ['127.0.0.1'] });
const docker = [
  link('docker0', { kind: 'bridge', addresses: ['172.17.0.1'] }),
  link('apps', { kind: 'bridge', addresses: ['172.20.0.1'] }),
  link('veth12', { kind: 'veth', master: 'apps' }),
  link('mv0', { kind: 'macvlan' }),
];
const facts = (more: Partial<UnderlayFacts>): UnderlayFacts => ({
  links: [],
  defaults: [],
  ways: [],
  ...more,
});
const names = (of: UnderlayFacts, tunnel = '10.0.0.1') => underlay(of, tunnel).interfaces;

it('network cards count, what Docker makes does not, whatever it is called', () => {
  const links = [lo, link('eth0', { addresses: ['10.0.0.1'] }), link('eth1'), ...docker];
  expect(names(facts({ links, defaults: ['eth0'], ways: ['eth0'] }))).toEqual(['eth0', 'eth1']);
});

it.each([
  ['a bridge', 'br-lan', 'bridge'],
  ['a bond', 'bond0', 'bond'],
  ['a VLAN', 'bond0.7', 'vlan'],
  ['a tunnel of a VPN', 'wg0', 'wireguard'],
])('%s that carries the address counts, with the card beneath', (_what, name, kind) => {
  const links = [lo, link('eth0', { master: name }), ...docker];
  const above = link(name, { kind, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1'] });
  expect(underlay(facts({ links: [...links, above] }), '10.0.0.1')).toEqual({
    interfaces: [name, 'eth0'].sort(),
    macs: ['02:00:00:00:00:01'],
  });
});

it('with the address at lo the ways to the others count, of every next hop, and default routes', () => {
  const address = { ...lo, addresses: ['10.0.0.1'] };
  const ways = ['eth0.1', 'eth1.1'];
  const links = [address, ...ways.map((it) => link(it, { kind: 'vlan' })), ...docker];
  expect(names(facts({ links, ways, defaults: ['tun0'] }))).toEqual([...ways, 'tun0']);
});

it('a VRF counts with its member; another master does not', () => {
  const links = [
    lo,
    link('eth0', { kind: 'veth', master: 'blue', addresses: ['10.0.0.1'] }),
    link('blue', { kind: 'vrf' }),
    link('eth1', { master: 'apps' }),
    ...docker,
  ];
  expect(names(facts({ links }))).toEqual(['blue', 'eth0', 'eth1']);
});

it('the host’s own link to a network does not count, whatever leads by it', () => {
  const exposed = 'castnet8000001';
  const links = [lo, link('eth0'), link(exposed, { kind: 'veth', addresses: ['10.0.9.250'] })];
  const of = facts({ links, ways: [exposed], defaults: [exposed] });
  expect(underlay(of, '10.0.9.250', [exposed]).interfaces).toEqual(['eth0']);
});
