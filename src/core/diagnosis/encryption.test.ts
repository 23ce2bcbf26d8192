import { expect, it } from 'vitest';
import type { HostReport, NetworkReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { encryptionChecks } from './encryption.ts';

const network = (name: string, options: NetworkReport['options']): NetworkReport =>
  ({ id: name, name, options }) as NetworkReport;

const host = (address: string, by?: 'kernel' | 'wireguard-go'): HostReport =>
  aReport({
    tunnel: { address, port: 4789, mtu: 1450 },
    networks: [network('secret', { encrypted: true }), network('plain', {})],
    ...(by === undefined ? {} : { wireguard: { by, port: 51890, key: 'k', peers: [] } }),
  });

const told = (...hosts: HostReport[]) =>
  encryptionChecks(hosts, (it) => it.tunnel?.address ?? '').map((it) => it.detail);

it('says which networks are encrypted, by whom, and what the program costs', () => {
  expect(told(host('a', 'kernel'), host('b', 'wireguard-go'), host('c', 'wireguard-go'))).toEqual([
    'secret, by the kernel’s WireGuard on a; by wireguard-go on b, c, whose kernel has no WireGuard: ' +
      'it is slower, and encrypted networks rest while the agent does',
  ]);
});

it('says nothing where no host has such a network', () => {
  expect(told(host('a'), host('b'))).toEqual([]);
});
