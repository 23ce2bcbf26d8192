import { expect, it } from 'vitest';
import { withoutIpv6 } from './commands.ts';

it('keeps a device from IPv6 only where the kernel has it and the MTU allows it', () => {
  expect(withoutIpv6('cx1', 1450, true)).toMatchObject([
    { line: 'link set dev cx1 addrgenmode none' },
  ]);
  expect(withoutIpv6('cx1', 1230, true)).toEqual([]);
  expect(withoutIpv6('cx1', 1450, false)).toEqual([]);
});
