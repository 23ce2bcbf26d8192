import { describe, expect, it } from 'vitest';
import type { Fact } from '../forwarding/facts.ts';
import { portName } from '../names.ts';
import { type FastInput, fastWanted } from './wanted.ts';

const ID = 'a1b2c3d4e5f6a7b8';
const DEV = portName(ID);
const MAC = '02:42:0a:00:01:05';
const THERE = '02:42:0a:00:01:06';
const slow: Fact[] = [
  { kind: 'station', bridge: 'cb5', dev: DEV, mac: MAC },
  { kind: 'station', bridge: 'cb5', dev: 'cx5', mac: THERE },
  { kind: 'route', dev: 'cx5', mac: THERE, to: '10.9.0.2' },
];
const network = { id: 'net', vni: 5, options: {} };
const input: FastInput = {
  tunnel: { address: '10.9.0.1', port: 4789, mtu: 1450 },
  networks: [network],
  endpoints: [{ id: ID, network: 'net', address: '10.0.1.5/24', mac: MAC }],
  sizes: new Map([['net', 1450]]),
  slow,
  underlay: {
    ...{ card: 'eth0', problem: '', slow: new Map() },
    hops: new Map([['10.9.0.2', '10.9.0.2']]),
  },
  ground: {
    inside: new Map([
      ['cfp', 13],
      [DEV, 14],
    ]),
    outside: new Map([
      ['cfh', 12],
      ['eth0', 2],
    ]),
    programs: { from_container: 1, to_wire: 2, from_wire: 3, to_container: 4 },
    ipv6: true,
    groups: '',
  },
  joined: () => [],
  isSilenced: () => false,
};
const pair = (byte: number): string => byte.toString(16).padStart(2, '0');
/** What stays for as long as the pair between the namespaces. */
const PAIR = ['filter', 'filter'];
const kinds = (it: FastInput): string[] => fastWanted(it).facts.map(({ kind }) => kind);
const why = (it: FastInput): string | undefined => fastWanted(it).why.get('net');

describe('the fast path', () => {
  it('has what the slow path has of containers and hosts', () => {
    const { facts, why } = fastWanted(input);
    expect(why.get('net')).toBe('');
    expect(facts.slice(3)).toEqual([
      {
        ...{ kind: 'self', address: '10.9.0.1', port: 4789, ipv6: true, inside: 13, outside: 12 },
      },
      { kind: 'way', host: '10.9.0.2', hop: '10.9.0.2', card: 2 },
      { kind: 'filter', at: 'castnet', dev: DEV, program: 'from_container', id: 1 },
      { kind: 'port', port: 14, vni: 5, mac: MAC, ip: '10.0.1.5' },
      { kind: 'here', vni: 5, mac: MAC, port: 14 },
      { kind: 'there', vni: 5, mac: THERE, host: '10.9.0.2' },
    ]);
  });

  it('knows nobody whom the slow path does not know', () => {
    expect(kinds({ ...input, slow: [] })).toEqual(['filter', 'filter', 'filter', 'self', 'way']);
  });

  it('sends from the address that this host has, behind a translator too', () => {
    const tunnel = { ...input.tunnel, address: '203.0.113.1', local: '10.9.0.1' };
    const self = fastWanted({ ...input, tunnel }).facts.find((it) => it.kind === 'self');
    expect(self).toMatchObject({ address: '10.9.0.1' });
  });

  it('takes a container’s IPv6 address for its own', () => {
    const networks = [{ ...network, options: { ipv6: 'fd00:1::/64' } }];
    const port = fastWanted({ ...input, networks }).facts.find((it) => it.kind === 'port');
    expect(port).toMatchObject({ ip6: 'fd00:1::a00:105' });
  });

  it.each([
    { multicast: false },
    { groups: ['239.1.0.0/16'] },
    { rate: { per: 'bytes', second: 9 } as const },
    { sourceCheck: true },
  ])('leaves a network with %o to the bridge', (options) => {
    const networks = [{ ...network, options }];
    expect(kinds({ ...input, networks })).toEqual(PAIR);
    expect(why({ ...input, networks })).toContain('checked on the bridge');
  });

  it('leaves a network to the bridge that shall not have it', () => {
    const networks = [{ ...network, options: { fastPath: false } }];
    expect(kinds({ ...input, networks })).toEqual(PAIR);
    expect(why({ ...input, networks })).toBe('its option fast-path is off');
  });

  it('leaves an encrypted network to its own tunnel', () => {
    const networks = [{ ...network, options: { encrypted: true } }];
    expect(kinds({ ...input, networks })).toEqual(PAIR);
    expect(why({ ...input, networks })).toContain('encrypted');
  });

  it('leaves a network to the tunnel that makes fragments of its packets', () => {
    const large = { ...input, sizes: new Map([['net', 1500]]) };
    expect(kinds(large)).toEqual(PAIR);
    expect(why(large)).toContain('1500');
  });

  it('holds as many containers as its maps have room for, the same ones each time', () => {
    const many = Array.from({ length: 70_000 }, (_, at): Fact => {
      const mac = `02:42:0b:${[at >> 16, (at >> 8) & 255, at & 255].map(pair).join(':')}`;
      return { kind: 'route', dev: 'cx5', mac, to: '10.9.0.2' };
    });
    const stations = (slow: readonly Fact[]) =>
      fastWanted({ ...input, slow }).facts.filter((it) => it.kind === 'there');
    expect(stations(many)).toHaveLength(60_000);
    expect(stations([...many].reverse())).toEqual(stations(many));
  });

  it('leaves the groups of a network to the bridge of which a container is silenced', () => {
    const joined = () => [
      { bridge: 'cb5', port: DEV, group: '239.1.1.1', mode: 'exclude' as const },
    ];
    expect(kinds({ ...input, joined })).toContain('group');
    const silenced = { ...input, joined, isSilenced: (bridge: string) => bridge === 'cb5' };
    expect(kinds(silenced)).not.toContain('group');
    expect(fastWanted(silenced).whyGroups.get('net')).toContain('for now');
    expect(why(silenced)).toBe('');
  });

  it('holds as many groups as its map has room for, the same ones each time', () => {
    const rows = Array.from({ length: 8100 }, (_, at) => ({
      ...{ bridge: 'cb5', port: DEV, mode: 'exclude' as const },
      group: `239.7.${at >> 8}.${at & 255}`,
    }));
    const groups = (list: typeof rows) =>
      fastWanted({ ...input, joined: () => list }).facts.filter((it) => it.kind === 'group');
    expect(groups(rows)).toHaveLength(6000);
    expect(groups([...rows].reverse())).toEqual(groups(rows));
  });

  it('has nothing where no card leads to the hosts', () => {
    const underlay = { ...input.underlay, problem: 'the tunnels are over IPv6' };
    expect(kinds({ ...input, underlay })).toEqual(PAIR);
    expect(why({ ...input, underlay })).toBe('the tunnels are over IPv6');
  });

  it('leaves a host to the slow path that is reached otherwise', () => {
    const underlay = { ...input.underlay, hops: new Map<string, string>() };
    expect(kinds({ ...input, underlay })).not.toContain('there');
  });

  it('waits for a port whose number is not known yet, and for the pair', () => {
    const { ground } = input;
    const early = { ...ground, inside: new Map([['cfp', 13]]) };
    expect(kinds({ ...input, ground: early })).not.toContain('port');
    expect(kinds({ ...input, ground: { ...ground, inside: new Map() } })).toEqual([]);
  });
});
