import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isEncrypted, vniOf } from '../names.ts';
import { arbEndpoint, arbNetworks, arbPeer } from '../testing/arbitraries.ts';
import { desiredFacts } from '../testing/oracle.ts';
import type { Fact } from './facts.ts';
import { networkMtu, networkTunnel, type Peer } from './forwarding.ts';

const VNI = 8_000_001;
const tunnel = { address: '10.9.0.1', local: '192.168.0.1', port: 4789, mtu: 1450 };
const network = { id: 'net', vni: VNI, options: { encrypted: true } };
const wireguard = { key: 'k', port: 51890 };
const says = (encrypted?: true) => ({
  vni: VNI,
  ...(encrypted ? { encrypted } : {}),
  endpoints: [{ id: 'e', ip: '10.0.0.2', mac: '02:42:0a:00:00:02' }],
  groups: [{ group: '239.1.1.1', mode: 'exclude' as const, sources: [] }],
});
const peer = (change: Partial<Peer> = {}): Peer => ({
  ...{ tunnel: '10.9.0.2', wireguard, networks: new Map([['net', says(true)]]) },
  ...change,
});
const facts = (peers: Peer[], of = network): Fact[] =>
  desiredFacts({ tunnel, networks: [of], endpoints: [], peers });
const leading = (all: readonly Fact[]) => all.filter((it) => 'to' in it && it.to === '10.9.0.2');

it('its tunnel has the address by which the others know the host, which only WireGuard’s interface has', () => {
  const [, vxlan] = facts([]);
  expect(vxlan).toMatchObject({ kind: 'vxlan', dev: `ce${VNI}`, local: '10.9.0.1', mtu: 1390 });
  expect(isEncrypted(`ce${VNI}`)).toBe(true);
  expect(vniOf(`ce${VNI}`)).toBe(VNI);
});

it('leads to a host that has it encrypted too, and a key', () => {
  expect(leading(facts([peer()])).map((it) => it.kind)).toEqual(['copy', 'route', 'copy']);
});

it.each([
  ['without a key', { tunnel: '10.9.0.2', networks: new Map([['net', says(true)]]) }, network],
  ['that has it in clear', peer({ networks: new Map([['net', says()]]) }), network],
  ['that has it encrypted, where this one has it in clear', peer(), { ...network, options: {} }],
])('leads to no host %s', (_what, one, of) => {
  expect(leading(facts([one], of as typeof network))).toEqual([]);
});

it('whoever says what: no entry of an encrypted network leads to a host without a key', () => {
  const arbNets = fc.tuple(arbNetworks, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }));
  const arbPeers = fc.array(
    fc.tuple(arbPeer, fc.boolean(), fc.boolean()).map(([it, hasKey, isOn]): Peer => {
      const networks = new Map(
        [...it.networks].map(([id, record]) => [
          id,
          isOn ? { ...record, encrypted: true as const } : record,
        ]),
      );
      return { ...it, networks, ...(hasKey ? { wireguard } : {}) };
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(arbNets, fc.array(arbEndpoint), arbPeers, ([nets, on], endpoints, peers) => {
      const networks = nets.map((it, at) => ({
        ...it,
        options: on[at] ? { encrypted: true } : {},
      }));
      const byVni = new Map(networks.map((it) => [it.vni, it]));
      for (const it of desiredFacts({ tunnel, networks, endpoints, peers })) {
        if (!('dev' in it) || !/^c[ex]/.test(it.dev)) continue;
        const of = byVni.get(vniOf(it.dev));
        expect(isEncrypted(it.dev)).toBe(of?.options.encrypted === true);
        if (!isEncrypted(it.dev) || !('to' in it) || it.to === '0.0.0.0') continue;
        const able = peers.some(
          (one) =>
            one.tunnel === it.to &&
            one.wireguard !== undefined &&
            one.networks.get(of?.id ?? '')?.encrypted === true,
        );
        expect(able).toBe(true);
      }
    }),
  );
});

it.each([
  ['10.9.0.1', 1450, 1390],
  ['fd00::1', 1430, 1350],
])('its containers’ MTU leaves room for WireGuard: from %s', (address, mtu, less) => {
  const six = { address, port: 4789, mtu };
  expect(networkMtu(network, six)).toBe(less);
  expect(networkTunnel(network, six)).toEqual({ address, port: 4789, mtu: less });
  expect(networkMtu({ ...network, options: {} }, six)).toBe(mtu);
});
