import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkRecord } from './record-schema.ts';
import { anyNetwork, endpoint, network } from './testing/records.ts';

it('takes every record that a host makes', () => {
  fc.assert(
    fc.property(anyNetwork, (record) => {
      expect(checkRecord(record)).toEqual({ ok: true, value: record });
    }),
  );
});

it('drops fields that it does not know', () => {
  const later = { ...network(1), later: true };
  expect(checkRecord(later)).toEqual({ ok: true, value: network(1) });
});

const withEndpoint = (change: object) => ({
  ...network(1),
  endpoints: [{ ...endpoint(1), ...change }],
});
const withGroup = (change: object) => ({
  ...network(1),
  groups: [{ group: '239.1.1.1', mode: 'exclude', sources: [], ...change }],
});

it.each([
  ['nothing', undefined, 'the whole of it'],
  ['a VNI of Docker', { ...network(1), vni: 4097 }, 'vni'],
  ['a VNI of 25 bits', { ...network(1), vni: 2 ** 24 }, 'vni'],
  ['an octal address', withEndpoint({ ip: '010.0.0.1' }), 'endpoints.0.ip'],
  ['an IPv6 address as ip', withEndpoint({ ip: 'fd00::1' }), 'endpoints.0.ip'],
  ['a multicast address', withEndpoint({ ip: '239.1.1.1' }), 'endpoints.0.ip'],
  ['the broadcast address', withEndpoint({ ip: '255.255.255.255' }), 'endpoints.0.ip'],
  ['an address with a zone', withEndpoint({ ip6: 'fe80::1%eth0' }), 'endpoints.0.ip6'],
  ['an IPv4 address as ip6', withEndpoint({ ip6: '10.0.0.1' }), 'endpoints.0.ip6'],
  ['the broadcast MAC', withEndpoint({ mac: 'ff:ff:ff:ff:ff:ff' }), 'endpoints.0.mac'],
  ['a multicast MAC', withEndpoint({ mac: '01:00:5e:01:01:01' }), 'endpoints.0.mac'],
  ['a MAC of zeros', withEndpoint({ mac: '00:00:00:00:00:00' }), 'endpoints.0.mac'],
  ['a MAC with a command', withEndpoint({ mac: '02:42:0a:00:00:01\nfdb' }), 'endpoints.0.mac'],
  ['an endpoint twice', { ...network(1), endpoints: [endpoint(1), endpoint(1)] }, 'endpoints'],
  ['a group that is a host', withGroup({ group: '10.0.0.1' }), 'groups.0.group'],
  ['a group in hexadecimal', withGroup({ group: '0xef010101' }), 'groups.0.group'],
  ['an unknown mode', withGroup({ mode: 'maybe' }), 'groups.0.mode'],
  ['a source that is no address', withGroup({ sources: ['x'] }), 'groups.0.sources.0'],
])('refuses %s', (_name, value, where) => {
  const checked = checkRecord(value);
  expect(checked.ok ? 'taken' : checked.reason.split(': ')[0]).toBe(where);
});
