import { expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { Fault } from './net/fault.ts';

const plugin = { CASTNET_VERSION: '0.1.0' };

it('an empty setting is its default, as Docker gives one that is not set', () => {
  expect(readConfig({ ...plugin, LOG_LEVEL: '', CASTNET_METRICS: '' })).toMatchObject({
    ...{ version: '0.1.0', logLevel: 'info', peerPort: 4790, vxlanPort: 4789 },
    ...{ metrics: undefined, tunnelAddress: undefined, untracked: true, fastPath: 'off' },
  });
});

it.each([
  ['LOG_LEVEL', 'loud', 'not one of trace, debug'],
  ['CASTNET_PORT', '70000', 'not a port from 1 to 65535'],
  ['CASTNET_WIREGUARD_PORT', '0', 'not a port from 1 to 65535'],
  ['CASTNET_WIREGUARD_RENEW', '5', 'not a number of seconds from 10 to 86400'],
  ['CASTNET_WIREGUARD_KEY_RENEW', '86401', 'not a number of seconds from 10 to 86400'],
  ['CASTNET_TUNNEL_ADDRESS', 'eth0', 'not an IPv4 or IPv6 address'],
  ['CASTNET_ADVERTISE_ADDRESS', 'nat.example', 'not an IPv4 or IPv6 address'],
  ['CASTNET_NOTRACK', 'yes', 'not on or off'],
  ['CASTNET_FASTPATH', 'fast', 'not off, on or auto'],
  ['CASTNET_METRICS', '9790', 'not ADDRESS:PORT'],
])('%s=%s is refused with what is accepted', (name, value, words) => {
  const read = () => readConfig({ ...plugin, [name]: value });
  expect(read).toThrow(Fault);
  expect(read).toThrow(`${name}=${value} is ${words}`);
});

it('an agent that Docker did not start refuses to touch the host', () => {
  expect(() => readConfig({})).toThrow('castnet plugin install');
});

it('an address is taken as the kernel’s tools write it, and two must be of one family', () => {
  const [tunnel, told] = ['CASTNET_TUNNEL_ADDRESS', 'CASTNET_ADVERTISE_ADDRESS'] as const;
  expect(readConfig({ ...plugin, [tunnel]: 'FD00:0::0001' }).tunnelAddress).toBe('fd00::1');
  expect(readConfig({ ...plugin, [told]: '203.0.113.5' }).advertiseAddress).toBe('203.0.113.5');
  expect(() => readConfig({ ...plugin, [tunnel]: 'fd00::1', [told]: '203.0.113.5' })).toThrow(
    'both must be IPv4 or both IPv6',
  );
});
