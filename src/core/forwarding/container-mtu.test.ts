import { expect, it } from 'vitest';
import type { HostReport, NetworkReport } from '../../contract/report.ts';
import { linkFindings } from './container-mtu.ts';

const endpoint = (container: string, mtu: number) => ({
  ...{ id: container, port: 'cv1', address: '10.0.1.2/24', mac: '02:42:0a:00:01:02' },
  ...{ container, mtu, carriesMulticast: true },
});

const report = (network: Partial<NetworkReport>): HostReport => ({
  ...{ version: 1, agent: '0.1.0', peerPort: 4790, now: 0, startedAt: 0, refusedSteps: 0 },
  ...{ encryption: 'none', tunnel: { address: '10.0.0.1', port: 4789, mtu: 1350 }, peers: [] },
  networks: [
    {
      ...{ id: 'n', name: 'net', vni: 8_000_001, options: {}, mtu: 1350, hosts: [] },
      ...{ endpoints: [], joined: [], refused: [], groups: [], ...network },
    },
  ],
});

it('containers with another MTU than new ones get are named, by their MTU', () => {
  const endpoints = [endpoint('a', 1450), endpoint('b', 1450), endpoint('c', 1300)];
  const found = linkFindings({
    report: report({ endpoints: [...endpoints, endpoint('d', 1350)] }),
  });
  expect(found.map((it) => it.what)).toEqual([
    expect.stringMatching(/links of 1450 bytes, new containers get 1350: a, b/),
    expect.stringMatching(/links of 1300 bytes, new containers get 1350: c/),
  ]);
});

it('a network that was made for more than the tunnel carries is named', () => {
  const found = linkFindings({ report: report({ options: { mtu: 1450 }, mtu: 1450 }) });
  expect(found).toMatchObject([{ code: 'container-mtu' }]);
});

it('over IPv6, where a tunnel makes no fragments, what is larger is said to be lost', () => {
  const tunnel = { address: 'fd99::1', port: 4789, mtu: 1330 };
  const options = { mtu: 1430 };
  const found = linkFindings({
    report: {
      ...report({ options, mtu: 1330, endpoints: [endpoint('a', 1430)] }),
      tunnel,
    },
  });
  expect(found.map((it) => it.what)).toEqual([
    expect.stringContaining('which are lost'),
    expect.stringContaining('which are lost'),
  ]);
});
