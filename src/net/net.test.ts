import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupMac, isGroup, isHostLocal, isSource } from './group.ts';
import { isMac, macOfIpv4 } from './mac.ts';
import { containerMtu } from './mtu.ts';
import { chooseVni, isVni, preferredVni, VNI_MIN } from './vni.ts';

describe('a group has an Ethernet address', () => {
  it.each([
    ['239.1.1.1', '01:00:5e:01:01:01'],
    ['224.129.1.1', '01:00:5e:01:01:01'],
    ['224.0.0.251', '01:00:5e:00:00:fb'],
    ['ff02::fb', '33:33:00:00:00:fb'],
    ['ff02::1:ff12:3456', '33:33:ff:12:34:56'],
  ])('%s is carried by %s', (group, mac) => {
    expect(groupMac(group)).toBe(mac);
  });

  it.each(['10.0.0.1', '239.1', 'fe80::1', 'x', ''])('%s is no group', (text) => {
    expect(isGroup(text)).toBe(false);
  });

  it('ff01::/16 stays on its host, ff02::/16 and 224.0.0.0/24 do not', () => {
    expect(isHostLocal('ff01::5')).toBe(true);
    expect(isHostLocal('ff11::5')).toBe(true);
    expect(isHostLocal('ff02::5')).toBe(false);
    expect(isHostLocal('224.0.0.5')).toBe(false);
  });
});

describe('a VNI', () => {
  it('is of castnet for every network id', () => {
    fc.assert(fc.property(fc.string(), (id) => isVni(preferredVni(id))));
  });

  it('is never one that is taken', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 50 }), (id, count) => {
        const taken = new Set(Array.from({ length: count }, (_, i) => preferredVni(id) + i));
        const vni = chooseVni(id, taken);
        return isVni(vni) && !taken.has(vni);
      }),
    );
  });

  it('of Docker is not one of castnet', () => {
    expect(isVni(4096)).toBe(false);
    expect(isVni(VNI_MIN)).toBe(true);
  });
});

it('a container has the MAC that Docker would give it', () => {
  expect(macOfIpv4('10.0.1.5')).toBe('02:42:0a:00:01:05');
  expect(isMac('02:42:0A:00:01:05')).toBe(false);
});

it('the tunnel takes 50 bytes over IPv4 and 70 over IPv6', () => {
  expect(containerMtu(1500, '10.0.0.1')).toBe(1450);
  expect(containerMtu(9000, 'fd00::1')).toBe(8930);
});

it('a source is an address as the kernel spells it, of one host', () => {
  expect(['10.0.0.9', 'fd00::9'].every(isSource)).toBe(true);
  // Found by the fuzzer: other hosts would refuse the whole record.
  expect(
    ['10.0.9', '0x0a.0.0.9', 'fe80::1%eth0', 'fd00::010.0.0.1', '239.1.1.1', '-'].some(isSource),
  ).toBe(false);
});
