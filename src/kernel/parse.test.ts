import { describe, expect, it } from 'vitest';
import { parseMdbEvent } from './mdb-event.ts';
import {
  deviceNames,
  fdbFacts,
  hostLinkFacts,
  linkFacts,
  mdbContents,
  neighbourFacts,
  parseLinks,
} from './parse.ts';

/** The texts are what iproute2 6.1 printed on Linux 6.18. */

const up = { flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'] };
const asBridge = {
  mcast_snooping: 1,
  mcast_querier: 1,
  mcast_igmp_version: 3,
  mcast_mld_version: 2,
  mcast_query_response_intvl: 1000,
  mcast_membership_intvl: 60_000,
};
const asPort = { learning: false, flood: false };

describe('links', () => {
  const linkInfo = (info_data: object, info_slave_data: object = {}) => ({
    linkinfo: { info_data, info_slave_data },
  });

  it('are castnet’s bridges, tunnels and ports, and no one else’s', () => {
    const tunnel = { id: 8000001, local: '10.9.0.1', port: 4789 };
    const tunnelPort = {
      ...asPort,
      neigh_suppress: false,
      proxy_arp_wifi: true,
      multicast_router: 0,
    };
    const master = 'cb8000001';
    const json = JSON.stringify([
      { ifname: 'lo', mtu: 65536 },
      {
        ifname: 'cb8000001',
        address: '02:ca:00:00:00:01',
        mtu: 1450,
        ...up,
        ...linkInfo(asBridge),
      },
      { ifname: 'cx8000001', mtu: 1450, master, ...up, ...linkInfo(tunnel, tunnelPort) },
      { ifname: 'cv0123456789abc', mtu: 1450, master, ...up, ...linkInfo({}, asPort) },
      { ifname: 'docker0', mtu: 1500 },
    ]);
    expect(linkFacts(parseLinks(json))).toEqual([
      { kind: 'bridge', dev: 'cb8000001', mac: '02:ca:00:00:00:01', mtu: 1450, settled: true },
      {
        kind: 'vxlan',
        dev: 'cx8000001',
        bridge: 'cb8000001',
        local: '10.9.0.1',
        port: 4789,
        mtu: 1450,
        settled: true,
      },
      { kind: 'port', dev: 'cv0123456789abc', bridge: 'cb8000001', settled: true },
    ]);
  });

  it.each([
    ['is down', { ifname: 'cb1', mtu: 1450, flags: [], ...linkInfo(asBridge) }],
    [
      'is no querier',
      { ifname: 'cb1', mtu: 1450, ...up, ...linkInfo({ ...asBridge, mcast_querier: 0 }) },
    ],
    [
      'forgets members before another querier’s silence is over',
      {
        ...{ ifname: 'cb1', mtu: 1450, ...up },
        ...linkInfo({ ...asBridge, mcast_membership_intvl: 26_000 }),
      },
    ],
    [
      'learns',
      {
        ifname: 'cva',
        mtu: 1450,
        master: 'cb1',
        ...up,
        ...linkInfo({}, { ...asPort, learning: true }),
      },
    ],
    ['is on no bridge', { ifname: 'cva', mtu: 1450, ...up }],
  ])('that %s is not settled', (_, link) => {
    expect(linkFacts(parseLinks(JSON.stringify([link])))).toMatchObject([{ settled: false }]);
  });
});

describe('forwarding entries', () => {
  it('are routes, copies and stations; the devices’ own addresses are not', () => {
    const json = JSON.stringify([
      { mac: '33:33:00:00:00:01', ifname: 'cb8000001', flags: ['self'], state: 'permanent' },
      {
        mac: '02:42:0a:00:01:05',
        ifname: 'cx8000001',
        flags: [],
        master: 'cb8000001',
        state: 'static',
      },
      {
        mac: '36:7f:9e:bd:4a:ec',
        ifname: 'cx8000001',
        flags: [],
        master: 'cb8000001',
        state: 'permanent',
      },
      {
        mac: '00:00:00:00:00:00',
        ifname: 'cx8000001',
        dst: '10.9.0.2',
        flags: ['self'],
        state: 'permanent',
      },
      {
        mac: '01:00:5e:01:01:01',
        ifname: 'cx8000001',
        dst: '10.9.0.3',
        flags: ['self'],
        state: 'permanent',
      },
      {
        mac: '02:42:0a:00:01:05',
        ifname: 'cx8000001',
        dst: '10.9.0.2',
        flags: ['self'],
        state: 'static',
      },
    ]);
    expect(fdbFacts(json)).toEqual([
      { kind: 'station', bridge: 'cb8000001', dev: 'cx8000001', mac: '02:42:0a:00:01:05' },
      { kind: 'copy', dev: 'cx8000001', mac: '00:00:00:00:00:00', to: '10.9.0.2' },
      { kind: 'copy', dev: 'cx8000001', mac: '01:00:5e:01:01:01', to: '10.9.0.3' },
      { kind: 'route', dev: 'cx8000001', mac: '02:42:0a:00:01:05', to: '10.9.0.2' },
    ]);
  });
});

it('neighbours count when they are permanent', () => {
  const json =
    '[{"dst":"10.0.1.5","dev":"cb8000001","lladdr":"02:42:0a:00:01:05","state":["PERMANENT"]},' +
    '{"dst":"10.0.1.6","dev":"cb8000001","lladdr":"02:42:0a:00:01:06","state":["STALE"]}]';
  expect(neighbourFacts(json)).toEqual([
    { kind: 'neighbour', dev: 'cb8000001', ip: '10.0.1.5', mac: '02:42:0a:00:01:05' },
  ]);
});

it('no output at all is nothing', () => {
  expect([linkFacts(parseLinks('')), fdbFacts(''), neighbourFacts('\n'), mdbContents('')]).toEqual([
    [],
    [],
    [],
    { facts: [], memberships: [] },
  ]);
});

it('the MDB holds what the agent wrote and what containers joined', () => {
  const json =
    '[{"mdb":[' +
    '{"dev":"cb1","port":"cx1","grp":"239.1.1.2","src":"10.0.0.4","state":"permanent","filter_mode":"include","flags":[]},' +
    '{"dev":"cb1","port":"cx1","grp":"239.1.1.1","state":"permanent","filter_mode":"exclude","flags":[]},' +
    '{"dev":"cb1","port":"cx1","grp":"239.1.1.3","state":"temp","filter_mode":"exclude","flags":[]},' +
    '{"dev":"cb1","port":"cx1","grp":"239.1.1.1","src":"10.0.0.4","state":"permanent","filter_mode":"include","flags":["added_by_star_ex"]},' +
    '{"dev":"cb1","port":"cva","grp":"239.5.5.5","src":"10.0.0.7","state":"temp","filter_mode":"include","flags":["blocked"]},' +
    '{"dev":"cb1","port":"cva","grp":"239.5.5.5","state":"temp","filter_mode":"exclude","flags":[]},' +
    '{"dev":"cb1","port":"cva","grp":"232.1.1.1","state":"temp","filter_mode":"include","flags":[]},' +
    '{"dev":"cb1","port":"cb1","grp":"ff02::6a","state":"temp","flags":[]}],"router":{}}]';
  expect(mdbContents(json)).toEqual({
    facts: [
      {
        kind: 'member',
        bridge: 'cb1',
        dev: 'cx1',
        group: '239.1.1.2',
        source: '10.0.0.4',
        settled: true,
      },
      { kind: 'member', bridge: 'cb1', dev: 'cx1', group: '239.1.1.1', settled: true },
      { kind: 'member', bridge: 'cb1', dev: 'cx1', group: '239.1.1.3', settled: false },
    ],
    memberships: [
      { bridge: 'cb1', port: 'cva', group: '239.5.5.5', mode: 'exclude' },
      { bridge: 'cb1', port: 'cva', group: '232.1.1.1', mode: 'include' },
    ],
  });
});

describe('a line of the monitor', () => {
  it.each([
    [
      'dev cb1 port cva grp 239.1.1.1 temp filter_mode exclude proto kernel ',
      { gone: false, row: { bridge: 'cb1', port: 'cva', group: '239.1.1.1', mode: 'exclude' } },
    ],
    [
      'Deleted dev cb1 port cva grp 232.1.1.1 src 10.0.0.9 temp filter_mode include proto kernel ',
      {
        gone: true,
        row: {
          bridge: 'cb1',
          port: 'cva',
          group: '232.1.1.1',
          source: '10.0.0.9',
          mode: 'include',
        },
      },
    ],
    [
      'dev cb1 port cva grp 232.1.1.1 temp filter_mode include source_list 10.0.0.9/260.00 proto kernel ',
      { gone: false, row: { bridge: 'cb1', port: 'cva', group: '232.1.1.1', mode: 'include' } },
    ],
  ])('%s is read', (line, event) => {
    expect(parseMdbEvent(line)).toEqual(event);
  });

  it.each([
    'dev cb1 port cva grp 239.5.5.5 src 10.0.0.7 temp filter_mode include proto kernel  blocked',
    'router port dev cva master cb1',
    '',
  ])('%j is none of ours', (line) => {
    expect(parseMdbEvent(line)).toBeUndefined();
  });
});

describe('the host’s own links', () => {
  const ports = JSON.stringify([{ ifname: 'cv0123456789abc', ifindex: 7, mtu: 1450 }]);
  const veth = (more: object) =>
    JSON.stringify([
      {
        ifname: 'castnet8000001',
        mtu: 1450,
        address: '02:42:0a:00:09:fa',
        link_index: 7,
        ...up,
        addr_info: [
          { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
          { family: 'inet6', local: 'fd00::a00:9fa', prefixlen: 64, scope: 'global' },
          { family: 'inet', local: '10.0.9.250', prefixlen: 24, scope: 'global' },
        ],
        ...more,
      },
    ]);

  it('are known by their name and their other end, a port', () => {
    expect(hostLinkFacts(veth({}), parseLinks(ports))).toEqual([
      {
        kind: 'host-link',
        dev: 'castnet8000001',
        port: 'cv0123456789abc',
        mac: '02:42:0a:00:09:fa',
        addresses: '10.0.9.250/24 fd00::a00:9fa/64',
        mtu: 1450,
        settled: true,
      },
    ]);
  });

  it.each([
    ['another name', { ifname: 'castnet0' }],
    ['another end', { link_index: 8 }],
    ['no end that is known', { link_index: undefined }],
  ])('are none with %s', (_, more) =>
    expect(hostLinkFacts(veth(more), parseLinks(ports))).toEqual([]),
  );

  it('are not settled while they are down', () => {
    expect(hostLinkFacts(veth({ flags: [] }), parseLinks(ports))).toMatchObject([
      { settled: false },
    ]);
  });
});

it('names the devices of /proc/net/dev', () => {
  const head =
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets\n';
  const lines = '    lo:    1234      10    0\neth0: 1 2\nch0a1b2c3d4e5f:99999999 1\n';
  expect(deviceNames(`${head}${lines}`)).toEqual(['lo', 'eth0', 'ch0a1b2c3d4e5f']);
});
