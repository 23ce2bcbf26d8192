import { describe, expect, it } from 'vitest';
import { Fault } from '../net/fault.ts';
import type { Driver } from './driver.ts';
import { dockerHandlers } from './handlers.ts';

const NET = 'n'.repeat(25);
const END = 'e'.repeat(64);

/** A driver that writes down what it is asked. */
function recording(overrides: Partial<Driver> = {}) {
  const calls: unknown[] = [];
  const driver: Driver = {
    allocateNetwork: async (request) => {
      calls.push(['allocate', request]);
      return { vni: '8000001' };
    },
    freeNetwork: async (id) => void calls.push(['free', id]),
    createNetwork: async (request) => void calls.push(['create', request]),
    deleteNetwork: async (id) => void calls.push(['delete', id]),
    createEndpoint: async (request) => {
      calls.push(['endpoint', request]);
      return request.mac === undefined ? { mac: '02:42:0a:00:01:05' } : {};
    },
    deleteEndpoint: async (...ids) => void calls.push(['remove', ...ids]),
    join: async () => ({ InterfaceName: { SrcName: 'ct1', DstPrefix: 'eth' }, StaticRoutes: [] }),
    leave: async () => {},
    discovered: () => void calls.push(['discovered']),
    ...overrides,
  };
  const app = dockerHandlers(driver, { debug() {}, error() {} });
  const call = async (name: string, body: unknown) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.request(`/${name}`, { method: 'POST', body: text });
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  };
  return { calls, call };
}

it('Docker learns that this is a network driver for the whole Swarm', async () => {
  const { call } = recording();
  expect(await call('Plugin.Activate', '')).toEqual({ Implements: ['NetworkDriver'] });
  expect(await call('NetworkDriver.GetCapabilities', '')).toEqual({
    Scope: 'global',
    ConnectivityScope: 'global',
  });
});

it('what AllocateNetwork chose is answered together with the user’s options', async () => {
  const { call } = recording();
  const answer = await call('NetworkDriver.AllocateNetwork', {
    NetworkID: NET,
    Options: { mtu: '1400' },
    IPv4Data: [{ Pool: '10.0.1.0/24' }],
    IPv6Data: null,
  });
  expect(answer).toEqual({ Options: { mtu: '1400', vni: '8000001' } });
});

it('CreateNetwork finds the options where Docker puts them', async () => {
  const { call, calls } = recording();
  const generic = { vni: '8000001' };
  await call('NetworkDriver.CreateNetwork', {
    NetworkID: NET,
    Options: { 'com.docker.network.generic': generic, 'com.docker.network.enable_ipv6': false },
    IPv4Data: [{ Pool: '10.0.1.0/24', Gateway: '10.0.1.1/24' }, { Pool: '10.0.3.0/24' }],
  });
  const subnets = { subnet: '10.0.1.0/24', otherSubnets: ['10.0.3.0/24'] };
  expect(calls).toEqual([['create', { id: NET, options: generic, ...subnets }]]);
});

it('a MAC is answered only where none was asked for', async () => {
  const { call } = recording();
  const request = (mac: string) => ({
    NetworkID: NET,
    EndpointID: END,
    Interface: { Address: '10.0.1.5/24', AddressIPv6: '', MacAddress: mac },
  });
  expect(await call('NetworkDriver.CreateEndpoint', request(''))).toEqual({
    Interface: { MacAddress: '02:42:0a:00:01:05' },
  });
  expect(await call('NetworkDriver.CreateEndpoint', request('02:00:00:00:00:01'))).toEqual({
    Interface: {},
  });
});

it('calls that ask for nothing are answered with nothing', async () => {
  const { call } = recording();
  const endpoint = { NetworkID: NET, EndpointID: END };
  expect(await call('NetworkDriver.EndpointOperInfo', endpoint)).toEqual({ Value: {} });
  expect(await call('NetworkDriver.ProgramExternalConnectivity', endpoint)).toEqual({});
  expect(await call('NetworkDriver.Leave', endpoint)).toEqual({});
});

it('news of hosts is a reason to ask Docker', async () => {
  const { call, calls } = recording();
  await call('NetworkDriver.DiscoverNew', { DiscoveryType: 1, DiscoveryData: { Self: true } });
  expect(calls).toEqual([['discovered']]);
});

describe('a request that cannot be met is an answer with Err', () => {
  const { call } = recording({
    deleteNetwork: async () => {
      throw new Fault('it is in use');
    },
    freeNetwork: async () => {
      throw new Error('disk full');
    },
  });
  it.each([
    ['an empty body', 'CreateNetwork', '', 'NetworkDriver.CreateNetwork came with an empty body'],
    ['no JSON', 'Join', '{"NetworkID"', 'NetworkDriver.Join: the body is not JSON'],
    ['no object', 'Join', '[]', 'expected object'],
    ['a missing field', 'Join', { NetworkID: NET }, 'EndpointID: '],
    ['an id that is none', 'DeleteNetwork', { NetworkID: '../../etc' }, 'is not an id of Docker'],
    [
      'an IPv6 subnet',
      'AllocateNetwork',
      { NetworkID: NET, IPv6Data: [{ Pool: 'fd00::/64' }] },
      'IPv6 subnet fd00::/64: Swarm hands out one address family only',
    ],
    [
      'an IPv6 subnet passed as an IPv4 one',
      'AllocateNetwork',
      { NetworkID: NET, IPv4Data: [{ Pool: '10.0.1.0/24' }, { Pool: 'fd00::/64' }] },
      'IPv6 subnet fd00::/64: Swarm hands out one address family only',
    ],
    ['no address', 'CreateEndpoint', { NetworkID: NET, EndpointID: END }, 'has no IPv4 address'],
    [
      'an address that is none',
      'CreateEndpoint',
      { NetworkID: NET, EndpointID: END, Interface: { Address: '10.200.0/24' } },
      'Interface.Address "10.200.0/24":',
    ],
    ['a refusal of the driver', 'DeleteNetwork', { NetworkID: NET }, 'castnet: it is in use'],
    ['a failure', 'FreeNetwork', { NetworkID: NET }, 'castnet: disk full'],
  ])('%s', async (_, name, body, words) => {
    const { Err } = await call(`NetworkDriver.${name}`, body);
    expect(Err).toContain(words);
  });
});
