import { expect, it } from 'vitest';
import type { SwarmAddresses } from '../core/tunnel-address.ts';
import { TunnelFinder, type TunnelSource } from './tunnel.ts';

const ETH0 = { interface: 'eth0', mtu: 1500, carries: true };
const PLAIN: SwarmAddresses = {
  dataPath: undefined,
  advertised: undefined,
  local: undefined,
  remotes: ['10.0.0.1:2377', '10.0.0.3:2377'],
};

const finder = (source: Partial<TunnelSource> = {}): TunnelFinder =>
  new TunnelFinder({
    settings: { bound: undefined, told: undefined },
    peers: () => [],
    routeMtus: async () => [],
    vxlanPort: 4789,
    swarm: () => PLAIN,
    addresses: async () => new Map([['10.0.0.2', ETH0]]),
    routeTo: async () => ({ source: '10.0.0.2', toItself: false }),
    resolve: async (host) => [host],
    ...source,
  });

it('after a plain join it is the local address of the route to the manager that was joined', async () => {
  const asked: string[] = [];
  const found = finder({
    routeTo: async (address) => {
      asked.push(address);
      return { source: '10.0.0.2', toItself: false };
    },
  });
  expect(await found.find()).toEqual({ address: '10.0.0.2', port: 4789, mtu: 1450 });
  expect(asked).toEqual(['10.0.0.1']);
  expect(found.own()).toEqual(['10.0.0.2']);
});

it('no other host knows this one by an address that it has on a network of castnet', async () => {
  const exposed = { ...ETH0, interface: 'castnet8000001' };
  const found = finder({
    addresses: async () =>
      new Map([
        ['10.0.0.2', ETH0],
        ['10.77.0.4', exposed],
      ]),
  });
  await found.find();
  expect(found.own()).toEqual(['10.0.0.2']);
});

it('a manager to which no route leads, or whose address moved here, is passed over', async () => {
  const routes = new Map([['10.0.0.3', { source: '10.0.0.2', toItself: false }]]);
  expect((await finder({ routeTo: async (it) => routes.get(it) }).find()).address).toBe('10.0.0.2');
  routes.set('10.0.0.1', { source: '10.0.0.1', toItself: true });
  expect((await finder({ routeTo: async (it) => routes.get(it) }).find()).address).toBe('10.0.0.2');
});

it('a manager that was joined by its name is looked up', async () => {
  const swarm = () => ({ ...PLAIN, remotes: ['manager.example:2377'] });
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    return ['10.0.0.1'];
  };
  expect((await finder({ swarm, resolve }).find()).address).toBe('10.0.0.2');
  expect(asked).toEqual(['manager.example']);
});

it('without a Swarm, a route or the address, it says what to do', async () => {
  await expect(finder({ swarm: () => undefined }).find()).rejects.toThrow(
    /in no Swarm.*docker swarm join/,
  );
  await expect(finder({ routeTo: async () => undefined }).find()).rejects.toThrow(
    /no route leads to a manager \(10\.0\.0\.1:2377, 10\.0\.0\.3:2377\).*CASTNET_TUNNEL_ADDRESS/,
  );
  await expect(finder({ settings: { bound: '10.7.7.7', told: undefined } }).find()).rejects.toThrow(
    /no interface of this host has the address 10\.7\.7\.7/,
  );
});

it('the MTU is the least of the routes to the others, not that of what holds the address', async () => {
  const lo = new Map([['10.0.0.2', { interface: 'lo', mtu: 65536, carries: false }]]);
  const asked: (readonly string[])[] = [];
  const mtus = new Map([
    ['10.0.0.7', 1500],
    ['10.0.0.8', 1420],
    ['10.0.0.1', 1400],
    ['192.0.2.1', 9000],
  ]);
  const of = (peers: string[], remotes: string[]) =>
    finder({
      swarm: () => ({ ...PLAIN, local: '10.0.0.2', remotes }),
      addresses: async () => lo,
      peers: () => peers,
      routeMtus: async (to) => {
        asked.push(to);
        return to.flatMap((it) => mtus.get(it) ?? []);
      },
    })
      .find()
      .then((it) => it.mtu + 50);
  expect(await of(['10.0.0.7', '10.0.0.8', 'fd00::1'], [])).toBe(1420);
  expect(asked).toEqual([['10.0.0.7', '10.0.0.8']]);
  // Nobody has spoken yet: the managers are on the same network, else all far hosts.
  expect(await of([], ['10.0.0.1:2377', 'manager:2377'])).toBe(1400);
  expect(await of([], [])).toBe(9000);
});

it('the MTU of an interface that packets leave by counts while nobody else is known', async () => {
  const far = async (to: readonly string[]) => (to.includes('192.0.2.1') ? [9000] : []);
  expect((await finder({ routeMtus: far }).find()).mtu).toBe(1450);
});

it('an advertised address that no interface has is told to the others', async () => {
  const swarm = () => ({ ...PLAIN, advertised: '203.0.113.2' });
  const found = finder({ swarm });
  expect(await found.find()).toEqual({
    address: '203.0.113.2',
    local: '10.0.0.2',
    port: 4789,
    mtu: 1450,
  });
  expect(found.own()).toEqual(['203.0.113.2', '10.0.0.2']);
});
