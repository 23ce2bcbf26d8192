import { describe, expect, it } from 'vitest';
import { addressRefused, askedAddress, isExposure, subnetTaken } from './exposure.ts';

describe('an attachment is for the host', () => {
  it('where its driver option says so, and refuses other words', () => {
    expect(isExposure({})).toBe(false);
    expect(isExposure({ expose: 'host' })).toBe(true);
    expect(() => isExposure({ expose: 'all' })).toThrow('driver option expose="all" is not host');
  });
});

describe('an address that is asked for', () => {
  it.each([
    ['10.0.9.250', '10.0.9.250'],
    ['10.0.9.250/24', '10.0.9.250'],
  ])('%s is %s', (text, address) => {
    expect(askedAddress(text)).toBe(address);
  });

  it.each([
    '',
    'ten',
    '10.0.9',
    '10.0.9.256',
    '10.0.9.1/33',
    '10.0.9.1/',
    '10.0.9.1/24/24',
    '0x0a.1',
  ])('"%s" is none', (text) => expect(() => askedAddress(text)).toThrow('is not an IPv4 address'));

  it.each(['fd00::1', 'fd00::1/64'])('%s is refused with what to give instead', (text) => {
    expect(() => askedAddress(text)).toThrow('Give an IPv4 address of the network');
  });

  const network = {
    name: 'mynet',
    subnets: ['10.0.9.0/24', '10.0.10.0/26'],
    gateways: ['10.0.9.1'],
    used: new Map([['10.0.9.7', 'a container on host 10.9.0.2']]),
  };

  it.each([
    ['10.0.9.250', undefined],
    ['10.0.9.250/24', undefined],
    ['10.0.10.5/26', undefined],
    [
      '10.0.10.5/24',
      '10.0.10.5/24: the subnet of mynet is 10.0.10.0/26; leave out the prefix length or give /26',
    ],
    ['10.0.11.5', '10.0.11.5 is outside of mynet, which is 10.0.9.0/24, 10.0.10.0/26'],
    ['10.0.9.1', '10.0.9.1 is the gateway that Docker keeps for mynet'],
    ['10.0.9.7', '10.0.9.7 is in use on mynet: a container on host 10.9.0.2 has it'],
    ['10.0.9.0', '10.0.9.0 is no host’s: it is the first or last address of 10.0.9.0/24'],
    ['10.0.10.63', '10.0.10.63 is no host’s: it is the first or last address of 10.0.10.0/26'],
  ])('%s: %s', (text, why) => expect(addressRefused(text, network)).toBe(why));
});

describe('a subnet is the host’s to be on', () => {
  const of = (to: string, peers: string[] = []) =>
    subnetTaken(['10.0.9.0/24', 'fd00:9::/64'], { routes: [{ to, dev: 'eth1' }], peers });

  it.each(['10.0.0.0/16', '10.0.9.128/25', '10.0.9.4', 'fd00:9::/96'])(
    'not with a route to %s',
    (to) => expect(of(to)).toContain(`this host has a route to ${to} by eth1`),
  );

  it.each(['10.0.8.0/24', '192.168.1.1', 'fd00:8::/64', 'multicast'])('with one to %s', (to) => {
    expect(of(to)).toBeUndefined();
  });

  it('not where a host of the Swarm has an address in it', () => {
    expect(of('10.0.8.0/24', ['10.9.0.2', '10.0.9.3'])).toContain('host 10.0.9.3 of the Swarm');
    expect(of('10.0.8.0/24', ['10.9.0.2', 'a name'])).toBeUndefined();
  });
});
