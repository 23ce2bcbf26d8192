import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LocalNetwork } from '../core/local.ts';
import { type HeldRoute, type Routing, routeMetric } from '../core/multicast-route.ts';
import { Discovery } from './discovery.ts';
import type { KeptEndpoint, State } from './state.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

const VNIS = { low: 8_000_001, high: 8_000_002 } as const;
const TO = ['224.0.0.0/4', '255.255.255.255/32'];
const LONGER = ['224.0.0.0/5', '232.0.0.0/5'];

/** As `Store`, in memory. */
class Kept<T extends { id: string }> extends Map<string, T> {
  // biome-ignore lint/suspicious/noExplicitAny: Map has two parameters here
  override set(value: any): this {
    return super.set(value.id, value);
  }
}

/** One container in a namespace, with interfaces that a test brings up. */
function discovering() {
  const networks = new Map<string, LocalNetwork>(
    Object.entries(VNIS).map(([id, vni]) => [id, { id, vni, options: {} }]),
  );
  const endpoints = new Kept<KeptEndpoint>();
  const routing = { links: [] as Routing['links'][number][], routes: [] as HeldRoute[] };
  const changes: string[][] = [];
  const warned: unknown[] = [];
  const world = { isThere: true, refusal: '' };
  const discovery = new Discovery({
    state: { networks, endpoints } as unknown as State,
    identity: (it) => (world.isThere ? it : undefined),
    read: async () => ({ links: [...routing.links], routes: [...routing.routes] }),
    change: async (_, lines) => {
      if (world.refusal !== '') throw new Error(world.refusal);
      changes.push([...lines]);
      for (const line of lines) {
        const [, to = '', dev = '', metric] =
          /route replace (\S+) dev (\S+) metric (\d+)/.exec(line) ?? [];
        if (to !== '') routing.routes.push({ to, dev, metric: Number(metric) });
      }
    },
    log: { debug() {}, info() {}, error() {}, warn: (it: object) => warned.push(it) },
  });
  const attach = (network: keyof typeof VNIS, sandbox = '/s'): string => {
    const id = `on-${network}`;
    const address = '10.0.0.2/24';
    (endpoints as Kept<KeptEndpoint>).set({
      ...{ id, network, address, mac: `mac-${network}`, sandbox, since: 0 },
      // biome-ignore lint/suspicious/noExplicitAny: see Kept
    } as any);
    return id;
  };
  const up = (network: keyof typeof VNIS): void => {
    routing.links.push({ dev: `eth-${network}`, mac: `mac-${network}`, up: true });
    discovery.up(`on-${network}`);
  };
  return { discovery, endpoints, routing, changes, warned, world, attach, up };
}

const pass = (milliseconds = 1) => vi.advanceTimersByTimeAsync(milliseconds);

const added = (network: keyof typeof VNIS): string[] =>
  TO.map((to) => `route replace ${to} dev eth-${network} metric ${routeMetric(0, VNIS[network])}`);

it('leaves the routes of a container’s first network to Docker, and does nothing itself', async () => {
  const { discovery, attach, up, changes, world } = discovering();
  world.isThere = false;
  expect(await discovery.join(attach('low'))).toEqual(TO);
  up('low');
  await pass();
  expect(changes).toEqual([]);
});

it('gives the same answer when Docker asks again', async () => {
  const { discovery, attach, routing } = discovering();
  const id = attach('low');
  expect(await discovery.join(id)).toEqual(TO);
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  expect(await discovery.join(id)).toEqual(TO);
});

it('makes the routes itself where the container has one already, which Docker takes for a failure', async () => {
  const { discovery, attach, up, routing, changes } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  expect(await discovery.join(attach('low'))).toEqual([]);
  up('low');
  await pass();
  expect(changes).toEqual([added('low')]);
});

it('makes the routes of every network from the second on, and says which carries multicast', async () => {
  const { discovery, attach, up, changes, endpoints } = discovering();
  expect(await discovery.join(attach('high'))).toEqual(TO);
  up('high');
  expect(await discovery.join(attach('low'))).toEqual(LONGER);
  await pass();
  up('low');
  await pass();
  expect(changes.flat()).toEqual(expect.arrayContaining([...added('high'), ...added('low')]));
  expect(endpoints.get('on-low')?.carriesMulticast).toBe(true);
  expect(endpoints.get('on-high')?.carriesMulticast).toBe(false);
});

it('takes Docker’s own routes away once there are others, and then knows that they are gone', async () => {
  const { discovery, attach, up, routing, changes, endpoints } = discovering();
  expect(await discovery.join(attach('high'))).toEqual(TO);
  up('high');
  for (const to of TO) routing.routes.push({ to, dev: 'eth-high', metric: 0 });
  await discovery.join(attach('low'));
  up('low');
  await pass();
  expect(changes.flat().filter((it) => it.startsWith('route del'))).toEqual([]);
  for (const to of LONGER) routing.routes.push({ to, dev: 'eth-low', metric: 0 });
  await pass(100);
  expect(changes.flat()).toContain('route del 224.0.0.0/4 dev eth-high metric 0');
  expect(endpoints.get('on-high')?.staticRoutes).toBe(false);
});

const WHEN = [
  { when: 'before the container has a namespace', isThere: false },
  { when: 'once it has one, as from Docker 28 on', isThere: true },
];
describe.each(WHEN)('of two networks that are joined $when', ({ isThere }) => {
  it('gives the one with the lower VNI, joined last, longer prefixes, which win from the start', async () => {
    const { discovery, attach, up, routing, changes, endpoints, world } = discovering();
    world.isThere = isThere;
    expect(await discovery.join(attach('high'))).toEqual(TO);
    expect(await discovery.join(attach('low'))).toEqual(LONGER);
    expect(await discovery.join('on-low')).toEqual(LONGER);
    world.isThere = true;
    for (const to of TO) routing.routes.push({ to, dev: 'eth-high', metric: 0 });
    for (const to of LONGER) routing.routes.push({ to, dev: 'eth-low', metric: 0 });
    up('high');
    up('low');
    await pass();
    expect(changes.flat().filter((it) => it.startsWith('route del'))).toEqual([
      'route del 224.0.0.0/4 dev eth-high metric 0',
      'route del 255.255.255.255/32 dev eth-high metric 0',
      'route del 224.0.0.0/5 dev eth-low metric 0',
      'route del 232.0.0.0/5 dev eth-low metric 0',
    ]);
    expect(endpoints.get('on-low')?.staticRoutes).toBe(false);
  });

  it('gives the one with the higher VNI, joined last, none', async () => {
    const { discovery, attach, world } = discovering();
    world.isThere = isThere;
    expect(await discovery.join(attach('low'))).toEqual(TO);
    expect(await discovery.join(attach('high'))).toEqual([]);
  });
});

it('gives no longer prefix that the container has already, which Docker takes for a failure', async () => {
  const { discovery, attach, routing } = discovering();
  expect(await discovery.join(attach('high'))).toEqual(TO);
  routing.routes.push({ to: '232.0.0.0/5', dev: 'eth9', metric: 0 });
  expect(await discovery.join(attach('low'))).toEqual([]);
});

it('gives none beside a network whose routes the agent made', async () => {
  const { discovery, attach, routing } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  expect(await discovery.join(attach('high'))).toEqual([]);
  expect(await discovery.join(attach('low'))).toEqual([]);
});

it('waits for the interface, looking again less and less often, and tells when it never comes', async () => {
  const { discovery, attach, routing, changes, warned } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  await discovery.join(attach('low'));
  await pass(16_000);
  expect(changes).toEqual([]);
  expect(warned).toEqual([]);
  await pass(100);
  expect(warned).toHaveLength(1);
});

it('tries again when the kernel refuses, and tells why in its words', async () => {
  const { discovery, attach, up, routing, warned, world, changes } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  world.refusal = 'RTNETLINK answers: No buffer space available';
  await discovery.join(attach('low'));
  up('low');
  await pass(10);
  world.refusal = '';
  await pass(200);
  expect(changes).toEqual([added('low')]);
  world.refusal = 'RTNETLINK answers: No buffer space available';
  routing.routes.length = 1;
  discovery.settle('/s');
  await pass(20_000);
  expect(warned).toEqual([{ sandbox: '/s', reason: world.refusal }]);
});

it('says nothing of a container that is gone', async () => {
  const { discovery, attach, routing, warned, world } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  await discovery.join(attach('low'));
  world.isThere = false;
  await pass(20_000);
  expect(warned).toEqual([]);
});

it('a new agent does what the earlier one may not have come to', async () => {
  const { discovery, attach, up, changes } = discovering();
  attach('low');
  attach('high');
  up('low');
  up('high');
  discovery.resume();
  await pass();
  expect(changes.flat()).toEqual([...added('low'), ...added('high')]);
  discovery.close();
});

it('does nothing more once closed', async () => {
  const { discovery, attach, up, changes } = discovering();
  attach('low');
  attach('high');
  discovery.resume();
  discovery.close();
  up('low');
  await pass(20_000);
  expect(changes).toEqual([]);
});

it('names a container without routes when all tries are over, and tries again when asked', async () => {
  const { discovery, attach, up, routing, world } = discovering();
  routing.routes.push({ to: '224.0.0.0/4', dev: 'eth9', metric: 0 });
  await discovery.join(attach('low'));
  world.refusal = 'Operation not permitted';
  up('low');
  await pass(10_000);
  expect(discovery.lacking()).toEqual([]);
  await pass(10_000);
  expect(discovery.lacking()).toEqual(['/s: Operation not permitted']);
  world.refusal = '';
  discovery.again();
  await pass(20_000);
  expect(discovery.lacking()).toEqual([]);
});
