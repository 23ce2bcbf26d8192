import { expect, it } from 'vitest';
import { fastUnderlay, type Route, type WayFacts } from './underlay.ts';

const plain: Route = { special: false, dev: 'eth0' };
const facts: WayFacts = {
  routes: new Map<string, Route>([
    ['10.9.0.2', plain],
    ['10.8.0.3', { ...plain, gateway: '10.9.0.254' }],
  ]),
  links: [
    { name: 'eth0', ethernet: true },
    { name: 'veth1', ethernet: true, kind: 'veth' },
    { name: 'wg0', ethernet: false, kind: 'wireguard' },
    { name: 'bond0', ethernet: true, kind: 'bond' },
    { name: 'eth1', ethernet: true, master: 'bond0' },
  ],
  ipsec: false,
  foreign: new Map(),
};
const by = (dev: string): WayFacts => ({
  ...facts,
  routes: new Map([['10.9.0.2', { ...plain, dev }]]),
});

it('leads to each host by its router, or at once', () => {
  expect(fastUnderlay('10.9.0.1', facts)).toEqual({
    card: 'eth0',
    problem: '',
    hops: new Map([
      ['10.8.0.3', '10.9.0.254'],
      ['10.9.0.2', '10.9.0.2'],
    ]),
    slow: new Map(),
  });
});

it('leaves a host to the slow path that is reached otherwise', () => {
  const routes = new Map<string, Route | undefined>([
    ...facts.routes,
    ['10.7.0.4', { ...plain, dev: 'wg0' }],
    ['10.7.0.5', { ...plain, special: true }],
    ['10.7.0.6', undefined],
  ]);
  const { hops, slow } = fastUnderlay('10.9.0.1', { ...facts, routes });
  expect([...hops.keys()]).toEqual(['10.8.0.3', '10.9.0.2']);
  expect([...slow]).toEqual([
    ['10.7.0.4', 'it is reached by wg0'],
    ['10.7.0.5', 'its route is no plain one'],
    ['10.7.0.6', 'there is no route to it'],
  ]);
});

it('takes a cable between namespaces for a card', () => {
  expect(fastUnderlay('10.9.0.1', by('veth1'))).toMatchObject({ card: 'veth1', problem: '' });
});

it.each([
  ['fd00::1', facts, 'over IPv6'],
  ['10.9.0.1', { ...facts, ipsec: true }, 'IPsec'],
  ['10.9.0.1', { ...facts, routes: new Map() }, 'no other host is known'],
  ['10.9.0.1', by('wg0'), 'no Ethernet header'],
  ['10.9.0.1', by('bond0'), 'is a bond'],
  ['10.9.0.1', by('eth1'), 'belongs to bond0'],
  ['10.9.0.1', by('eth9'), 'not to be seen'],
  ['10.9.0.1', { ...facts, foreign: new Map([['eth0', ['cil_from_netdev']]]) }, 'cil_from_netdev'],
])('%s with %o: %s', (address, found, words) => {
  const { problem, hops } = fastUnderlay(address, found);
  expect(problem).toContain(words);
  expect(hops.size).toBe(0);
});
