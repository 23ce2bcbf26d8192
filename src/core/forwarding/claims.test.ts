import { describe, expect, it } from 'vitest';
import {
  type Claimant,
  contestedWords,
  foreignNetworks,
  judgePeers,
  strayServices,
} from './claims.ts';

const peer = (address: string, tunnel = address): Claimant => ({
  address,
  tunnel,
  node: `node-${address}`,
  networks: new Map([['net', { vni: 8_000_001, endpoints: [], groups: [] }]]),
});

describe('where a peer takes packets', () => {
  const [one, two] = [peer('10.9.0.2'), peer('10.9.0.3')];

  it('is its own matter, also by an address that Docker does not list', () => {
    const apart = peer('10.9.0.4', '192.168.0.4');
    expect(judgePeers([one, two, apart], '10.9.0.1')).toEqual({
      honest: [one, two, apart],
      refused: [],
    });
  });

  it('may be one of several addresses at which Docker and others know one node', () => {
    const again = { ...two, address: '192.168.0.3' };
    expect(judgePeers([one, two, again], '10.9.0.1').refused).toEqual([]);
    const unheard = { address: '192.168.0.4', networks: new Map() };
    expect(judgePeers([unheard, peer('10.9.0.4', '192.168.0.4')], '10.9.0.1').refused).toEqual([]);
  });

  it.each([
    ['this host’s own', peer('10.9.0.4', '10.9.0.1'), 'where this host does'],
    ['another peer’s', peer('10.9.0.4', '10.9.0.3'), 'where the host at 10.9.0.3 does'],
  ])('cannot be %s address: all it says is left out, and told', (_name, liar, words) => {
    for (const peers of [
      [one, two, liar],
      [liar, one, two],
    ]) {
      const { honest, refused } = judgePeers(peers, '10.9.0.1');
      expect(honest).toEqual([one, two]);
      expect(refused).toEqual([expect.stringContaining(words)]);
    }
  });
});

it('a network under another VXLAN id is told', () => {
  const own = new Map([['net', { id: 'net', vni: 8_000_002, options: {} }]]);
  expect(foreignNetworks([peer('10.9.0.2')], own)).toEqual([
    expect.stringContaining('under VXLAN id 8000001, this host under 8000002'),
  ]);
  expect(foreignNetworks([peer('10.9.0.2')], new Map())).toEqual([]);
});

it('a service at an address that is not of its network is told', () => {
  const own = { id: 'net', vni: 8_000_001, subnet: '10.0.1.0/24', otherSubnets: ['10.0.3.0/24'] };
  const says = (vip: string) => {
    const service = { name: 'web', vip, serving: true };
    const endpoints = [{ id: 'e', ip: '10.0.1.5', mac: '02:42:0a:00:01:05', service }];
    const one = { ...peer('10.9.0.2'), networks: new Map([['net', { ...has, endpoints }]]) };
    return strayServices([one], new Map([['net', { ...own, options: {} }]]));
  };
  const has = { vni: 8_000_001, groups: [] };
  expect(says('10.0.1.2')).toEqual([]);
  expect(says('10.0.3.2')).toEqual([]);
  expect(says('8.8.8.8')).toEqual([
    expect.stringContaining('its service web has the address 8.8.8.8, which is not of network net'),
  ]);
});

it('what two claim is told with their names', () => {
  const fact = { kind: 'route', dev: 'cx1', mac: '02:42:0a:00:00:02', to: '10.9.0.2' } as const;
  expect(
    contestedWords([
      { fact, by: '' },
      { fact, by: '10.9.0.2' },
    ]),
  ).toBe('MAC 02:42:0a:00:00:02 is claimed by this host and 10.9.0.2; who had it first keeps it');
});
