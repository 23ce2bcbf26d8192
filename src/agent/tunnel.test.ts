import { expect, it } from 'vitest';
import type { SwarmAddresses } from '../core/tunnel-address.ts';
import { TunnelFinder, type TunnelSource } from './tunnel.ts';

const ETH0 = { mtu: 1500 };
const PLAIN: SwarmAddresses = {
  dataPath: undefined,
  advertised: undefined,
  local: undefined,
  remotes: ['10.0.0.1:2377', '10.0.0.3:2377'],
};

const finder = (source: Partial<TunnelSource> = {}): TunnelFinder =>
  new TunnelFinder({
    setting: undefined,
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
  await expect(finder({ setting: '10.7.7.7' }).find()).rejects.toThrow(
    /no interface of this host has the address 10\.7\.7\.7/,
  );
});
