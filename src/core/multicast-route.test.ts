import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LocalEndpoint, LocalNetwork } from './local.ts';
import {
  type Carrier,
  carriersOf,
  DISCOVERY,
  readRouteWish,
  routeMetric,
  routesByDocker,
  routeWork,
} from './multicast-route.ts';

const NETWORKS = new Map<string, LocalNetwork>(
  [
    { id: 'low', vni: 8_000_001, options: {} },
    { id: 'high', vni: 8_000_002, options: {} },
    { id: 'first', vni: 9_000_000, options: { multicastPriority: 1 } },
    { id: 'never', vni: 8_000_000, options: { multicastRoute: false } },
  ].map((it) => [it.id, it]),
);

const on = (network: string, more: Partial<LocalEndpoint> = {}): LocalEndpoint => ({
  ...{ id: `on-${network}`, network, address: '10.0.0.2/24', mac: `mac-${network}` },
  ...more,
});

const order = (...endpoints: LocalEndpoint[]) =>
  carriersOf(endpoints, (id) => NETWORKS.get(id)).map(({ endpoint }) => endpoint.network);

it('takes the highest priority, then the lowest VNI, in whatever order they were joined', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(['low', 'high', 'first', 'never'], { minLength: 4 }), (all) => {
      expect(order(...all.map((it) => on(it)))).toEqual(['first', 'low', 'high']);
    }),
  );
});

it('lets an attachment say otherwise than its network', () => {
  const wish = { multicastRoute: true, multicastPriority: 2 };
  expect(order(on('first'), on('high', { routeWish: wish }))).toEqual(['high', 'first']);
  expect(order(on('never', { routeWish: wish }), on('low'))).toEqual(['never', 'low']);
  expect(order(on('first', { routeWish: { multicastRoute: false } }), on('low'))).toEqual(['low']);
});

it('gives each priority and VNI a metric of its own that the kernel takes', () => {
  const vni = fc.integer({ min: 8_000_000, max: 16_777_215 });
  const rank = fc.tuple(fc.integer({ min: -100, max: 100 }), vni);
  fc.assert(
    fc.property(rank, rank, ([p, v], [q, w]) => {
      const [one, other] = [routeMetric(p, v), routeMetric(q, w)];
      expect(one).toBeGreaterThan(0);
      expect(one).toBeLessThan(2 ** 32);
      const wins = p > q || (p === q && v < w);
      expect(one < other).toBe(wins);
    }),
  );
});

it.each([
  ['on', { multicastRoute: true }],
  ['off', { multicastRoute: false }],
  ['-100', { multicastRoute: true, multicastPriority: -100 }],
  ['7', { multicastRoute: true, multicastPriority: 7 }],
  ['101', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['yes', undefined],
])('reads the setting "%s"', (text, wish) => expect(readRouteWish(text)).toEqual(wish));

const link = (network: string, up = true) => ({ dev: `dev-${network}`, mac: `mac-${network}`, up });
const carriers = (...endpoints: LocalEndpoint[]): Carrier[] =>
  carriersOf(endpoints, (id) => NETWORKS.get(id));

it('adds what misses before it takes away what Docker made', () => {
  const [all, everyone] = DISCOVERY;
  const routes = DISCOVERY.map((to) => ({ to, dev: 'dev-high', metric: 0 }));
  const given = carriers(on('high', { staticRoutes: true }), on('low', { staticRoutes: false }));
  const first = routeWork(given, { links: [link('high'), link('low')], routes });
  const [low, high] = [routeMetric(0, 8_000_001), routeMetric(0, 8_000_002)];
  expect(first).toEqual({
    lines: [
      `route replace ${all} dev dev-low metric ${low}`,
      `route replace ${everyone} dev dev-low metric ${low}`,
      `route replace ${all} dev dev-high metric ${high}`,
      `route replace ${everyone} dev dev-high metric ${high}`,
      `route del ${all} dev dev-high metric 0`,
      `route del ${everyone} dev dev-high metric 0`,
    ],
    awaited: [],
  });
});

it('waits for an interface that is not up, and for what Docker has yet to make', () => {
  const given = carriers(on('high', { staticRoutes: true }), on('low'));
  const { awaited } = routeWork(given, { links: [link('high'), link('low', false)], routes: [] });
  expect(awaited).toEqual(['on-low', 'on-high']);
});

it('takes none away while Docker has another to make, which would win without the longer prefixes', () => {
  const given = carriers(
    on('low', { staticRoutes: true, staticLevel: 1 }),
    on('high', { staticRoutes: true }),
  );
  const made = routesByDocker(1).map((to) => ({ to, dev: 'dev-low', metric: 0 }));
  const { lines, awaited } = routeWork(given, { links: [link('low')], routes: made });
  expect(lines.filter((it) => it.includes('route del'))).toEqual([]);
  expect(awaited).toEqual(['on-high']);
});

it('leaves a route without a metric that Docker was not told to make', () => {
  const given = carriers(on('high', { staticRoutes: false }));
  const own = { to: DISCOVERY[0], dev: 'dev-high', metric: 0 };
  const { lines } = routeWork(given, { links: [link('high')], routes: [own] });
  expect(lines.filter((it) => it.includes('del'))).toEqual([]);
});

it.each([0, 1, 2, 3, 4])('at level %i Docker’s routes cover all of 224.0.0.0/4, once', (level) => {
  const routes = routesByDocker(level).filter((it) => it !== '255.255.255.255/32');
  const size = 2 ** (28 - level);
  const starts = routes.map((it) => {
    const [address = '', length] = it.split('/');
    expect(Number(length)).toBe(4 + level);
    return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  });
  expect(starts).toEqual(starts.map((_, at) => 224 * 2 ** 24 + at * size));
  expect(starts.length * size).toBe(2 ** 28);
});
