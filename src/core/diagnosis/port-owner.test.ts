import { expect, it } from 'vitest';
import { whyRefused } from './port-owner.ts';

const asked = { vni: 8_000_001, port: 4789 };
const dev = (more: object) => ({ dev: 'other', vni: 0, port: 4789, kinds: [], ...more });

it('names the device that holds the port, and what its kind is', () => {
  const words = 'RTNETLINK answers: Address already in use';
  const vxlans = [dev({ dev: 'plain', vni: 5 }), dev({ kinds: ['external'] })];
  const said = whyRefused({ ...asked, words, vxlans });
  expect(said).toContain('UDP port 4789 is held by VXLAN device other (external)');
  expect(said).toContain('ip link del other');
  expect(whyRefused({ ...asked, words, vxlans: [] })).toContain('held by another program');
});

it('tells an id that is taken from a port that is', () => {
  const words = 'Error: A VXLAN device with the specified VNI already exists.';
  const said = whyRefused({ ...asked, words, vxlans: [dev({ vni: 8_000_001 })] });
  expect(said).toContain('the id is taken by VXLAN device other (UDP port 4789)');
  expect(whyRefused({ ...asked, words, vxlans: [] })).toContain('moved to another namespace');
});

it('says the kernel’s own words when they are others', () => {
  const said = whyRefused({ ...asked, words: 'Unknown device type.', vxlans: [] });
  expect(said).toContain('network id 8000001: Unknown device type.');
});
