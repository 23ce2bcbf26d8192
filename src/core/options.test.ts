import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';

it('reads the settings of a network, by castnet’s name or Docker’s', () => {
  expect(parseOptions({ mtu: '1400', vni: '8000005' })).toEqual({ mtu: 1400, vni: 8_000_005 });
  expect(parseOptions({ 'com.docker.network.driver.mtu': '9000' })).toEqual({ mtu: 9000 });
});

it('lets pass what Docker adds to every network', () => {
  expect(parseOptions({ 'com.docker.network.enable_ipv4': 'true' })).toEqual({});
});

it('is encrypted as Docker’s overlay is asked to be, with a word or without', () => {
  for (const text of ['', 'true'])
    expect(parseOptions({ encrypted: text })).toEqual({ encrypted: true });
  expect(parseOptions({ encrypted: 'false' })).toEqual({});
});

it.each([
  [
    { encrypted: 'maybe' },
    'option encrypted="maybe" is not true or false, or without a value, which is true',
  ],
  [{ mtu: 'big' }, 'option mtu="big" is not a number of bytes from 576 to 65535'],
  [{ mtu: '100' }, 'option mtu="100" is not a number of bytes from 576 to 65535'],
  [{ vni: '4096' }, 'option vni="4096" is not a VXLAN network id from 8000000 to 16777215'],
  // Found by the fuzzer: names that every object has.
  [{ constructor: '1' }, 'unknown option "constructor"'],
  [JSON.parse('{"__proto__":"1"}'), 'unknown option "__proto__"'],
  [{ speed: 'fast' }, 'unknown option "speed". Accepted: mtu, com.docker.network.driver.mtu, vni'],
])('refuses %o, saying what is accepted', (raw, message) => {
  expect(() => parseOptions(raw)).toThrow(message);
});
