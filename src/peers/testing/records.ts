import fc from 'fast-check';
import type { EndpointRecord, HostRecord, NetworkRecord } from '../../core/records.ts';

/** Records for tests: by hand, and at random. */
export function endpoint(n: number): EndpointRecord {
  const mac = `02:42:0a:00:00:${n.toString(16).padStart(2, '0')}`;
  return { id: n.toString(16).padStart(64, '0'), ip: `10.0.0.${n}`, mac };
}

export function network(...ends: number[]): NetworkRecord {
  return { vni: 8_000_001, endpoints: ends.map(endpoint), groups: [] };
}

export function host(node: string, networks: Record<string, NetworkRecord>): HostRecord {
  return { node, tunnel: '127.0.0.1', networks: new Map(Object.entries(networks)) };
}

const anyEndpoint = fc
  .record({ n: fc.integer({ min: 1, max: 12 }), ip: fc.integer({ min: 1, max: 250 }) })
  .chain(({ n, ip }) =>
    fc.constantFrom({ ...endpoint(n), ip: `10.0.0.${ip}` }, { ...endpoint(n), ip6: `fd00::${ip}` }),
  );

const anyGroup = fc.record({
  group: fc.constantFrom('239.1.1.1', '239.1.1.2', 'ff05::1', '232.0.0.1'),
  mode: fc.constantFrom('include' as const, 'exclude' as const),
  sources: fc.uniqueArray(fc.constantFrom('10.0.0.9', '10.0.0.8', 'fd00::9'), { maxLength: 3 }),
});

/** Any record of a network, its lists in any order. */
export const anyNetwork: fc.Arbitrary<NetworkRecord> = fc.record({
  vni: fc.constantFrom(8_000_001, 8_000_001, 8_000_002),
  endpoints: fc.uniqueArray(anyEndpoint, { selector: (e) => e.id, maxLength: 10 }),
  groups: fc.uniqueArray(anyGroup, { selector: (g) => g.group, maxLength: 4 }),
});

export const anyHost: fc.Arbitrary<HostRecord> = fc
  .dictionary(fc.constantFrom('net1', 'net2', 'net3'), anyNetwork)
  .map((networks) => host('node-a', networks));
