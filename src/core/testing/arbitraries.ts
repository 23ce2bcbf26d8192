import fc from 'fast-check';
import { macOfIpv4 } from '../../net/mac.ts';
import type { Peer } from '../forwarding/forwarding.ts';
import type { LocalEndpoint, LocalNetwork } from '../local.ts';
import type { EndpointRecord, GroupRecord, NetworkRecord } from '../records.ts';

/** Generators for property tests: small ranges, so that claims of hosts often meet. */

const GROUPS = ['239.1.1.1', '224.129.1.1', '239.2.2.2', '232.1.1.1', 'ff02::fb', 'ff3e::1'];
const NETWORKS = ['net-a', 'net-b', 'net-c'];

export const arbGroup: fc.Arbitrary<GroupRecord> = fc
  .record({
    group: fc.constantFrom(...GROUPS),
    sources: fc.uniqueArray(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'), { maxLength: 2 }),
  })
  .map(({ group, sources }) => ({
    group,
    mode: sources.length > 0 ? 'include' : 'exclude',
    sources: [...sources].sort(),
  }));

const arbIp = fc.integer({ min: 2, max: 20 }).map((last) => `10.0.0.${last}`);

const arbEndpointRecord: fc.Arbitrary<EndpointRecord> = arbIp.map((ip) => ({
  id: `e${ip}`,
  ip,
  mac: macOfIpv4(ip),
}));

export const vniOfNetwork = (id: string): number => 8_000_001 + NETWORKS.indexOf(id);

const arbRecord = (id: string): fc.Arbitrary<NetworkRecord> =>
  fc.record({
    vni: fc.constant(vniOfNetwork(id)),
    endpoints: fc.uniqueArray(arbEndpointRecord, { maxLength: 4, selector: (it) => it.id }),
    groups: fc.uniqueArray(arbGroup, { maxLength: 4, selector: (it) => it.group }),
  });

export const arbPeer: fc.Arbitrary<Peer> = fc
  .tuple(
    fc.integer({ min: 2, max: 9 }),
    fc.record({ 'net-a': arbRecord('net-a'), 'net-b': arbRecord('net-b') }, { requiredKeys: [] }),
  )
  .map(([host, networks]) => ({
    tunnel: `10.9.0.${host}`,
    networks: new Map(Object.entries(networks)),
  }));

export const arbNetworks: fc.Arbitrary<LocalNetwork[]> = fc
  .subarray(NETWORKS)
  .map((ids) => ids.map((id) => ({ id, vni: vniOfNetwork(id), options: {} })));

export const arbEndpoint: fc.Arbitrary<LocalEndpoint> = fc
  .tuple(arbIp, fc.constantFrom(...NETWORKS), fc.constantFrom('', 'f'))
  .map(([ip, network, twin]) => ({
    id: `${network.at(-1)}${ip.split('.').at(-1)}${twin}`.replace(/[^0-9a-f]/g, '0'),
    network,
    address: `${ip}/24`,
    mac: macOfIpv4(ip),
  }));
