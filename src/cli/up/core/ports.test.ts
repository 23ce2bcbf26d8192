import { describe, expect, it } from 'vitest';
import { bareHost, nodeHost } from '../testing/facts.ts';
import type { HostFacts } from './facts.ts';
import {
  busyProblems,
  encryptionNotes,
  neededNow,
  portProblems,
  type Tried,
  trialsOf,
} from './ports.ts';

const bare = [bareHost(1), bareHost(2)];

describe('trialsOf', () => {
  it('tries every port in both directions, 2377 to managers alone', () => {
    const { trials, listen } = trialsOf(bare, {});
    const ways = trials.map((it) => `${it.from} ${it.to} ${it.proto} ${it.port}`);
    expect(ways.filter((it) => it.startsWith('h2 h1'))).toEqual([
      'h2 h1 tcp 2377',
      'h2 h1 tcp 7946',
      'h2 h1 udp 7946',
      'h2 h1 tcp 4790',
      'h2 h1 udp 4789',
      'h2 h1 udp 51890',
    ]);
    expect(ways.filter((it) => it.startsWith('h1 h2'))).toHaveLength(5);
    expect(listen).toHaveLength(11);
  });

  it('tries the ports of the settings', () => {
    const { listen } = trialsOf(bare, { CASTNET_PORT: '5000', CASTNET_VXLAN_PORT: '5001' });
    expect(listen).toContainEqual({ host: 'h2', proto: 'tcp', port: 5000 });
    expect(listen).toContainEqual({ host: 'h2', proto: 'udp', port: 5001 });
  });

  it('leaves hosts alone that are what they are to be, and tries a new one with each', () => {
    const of = [1, 2];
    const done = [nodeHost(1, { role: 'manager', of }), nodeHost(2, { role: 'worker', of })];
    expect(trialsOf(done, {}).trials).toEqual([]);
    const pairs = trialsOf([...done, bareHost(3)], {}).trials.map((it) => `${it.from}${it.to}`);
    expect(new Set(pairs)).toEqual(new Set(['h1h3', 'h2h3', 'h3h1', 'h3h2']));
  });
});

describe('what was tried', () => {
  const lost = {
    from: 'h1',
    to: 'h2',
    proto: 'udp',
    port: 4789,
    result: 'nothing arrives',
  } as const;
  it('names the way, both addresses and the port', () => {
    expect(portProblems(bare, [lost, { ...lost, port: 7946, result: 'ok' }], [])).toEqual([
      {
        code: 'udp-blocked',
        host: 'h2',
        what: 'UDP 4789 does not get from h1 (10.0.0.1) to h2 (10.0.0.2): nothing arrives',
        remedy: 'Let h2, and whatever stands between, take UDP 4789 from 10.0.0.1.',
      },
    ]);
  });

  it('says nothing of UDP at a port that another has, where nobody could hear', () => {
    const busy = [{ host: 'h2', proto: 'udp', port: 4789, code: 'EADDRINUSE' } as const];
    expect(portProblems(bare, [lost], busy)).toEqual([]);
  });
});

describe('the port of encrypted networks', () => {
  const to = (port: number): Tried => ({ ...way, port });
  const way = { from: 'h1', to: 'h2', proto: 'udp', port: 0, result: 'nothing arrives' } as const;
  const settings = { CASTNET_WIREGUARD_PORT: '5002' };

  it('is in the way where an encrypted network is wanted', () => {
    const { needed, later } = neededNow([to(4789), to(5002)], { settings, encrypted: true });
    expect([needed.map((it) => it.port), later]).toEqual([[4789, 5002], []]);
  });

  it('is a note elsewhere', () => {
    const { needed, later } = neededNow([to(4789), to(5002)], { settings, encrypted: false });
    expect(needed.map((it) => it.port)).toEqual([4789]);
    expect(encryptionNotes(later, [])).toEqual([
      'UDP 5002 does not get through (h1 to h2): networks with --opt encrypted would have no way there.',
    ]);
    const busy = [{ host: 'h2', proto: 'udp', port: 5002, code: 'EADDRINUSE' } as const];
    expect(encryptionNotes(later, busy)).toEqual([]);
    expect(encryptionNotes([{ ...to(5002), result: 'ok' }], [])).toEqual([]);
  });
});

describe('a port that is taken', () => {
  const at = (proto: 'tcp' | 'udp', port: number) => [
    { host: 'h1', proto, port, code: 'EADDRINUSE' },
  ];
  it('is in the way on a host without a Swarm', () => {
    expect(busyProblems(bare, at('tcp', 2377))).toMatchObject([{ code: 'port-taken', host: 'h1' }]);
    expect(busyProblems(bare, at('tcp', 4790))).toHaveLength(1);
  });
  it('is Docker’s own in a Swarm, and VXLAN’s is shared', () => {
    const node = [nodeHost(1, { role: 'manager', of: [1] })];
    expect(busyProblems(node, at('tcp', 2377))).toEqual([]);
    expect(busyProblems(bare, at('udp', 4789))).toEqual([]);
    const without = { ...(node[0] as HostFacts), plugin: undefined };
    expect(busyProblems([without], at('tcp', 4790))).toHaveLength(1);
  });
});
