import { expect, it } from 'vitest';
import { vxlansOf } from './checkup.ts';

// As iproute2 6.1 prints them.
it('tells of a VXLAN device what keeps its port from being shared', () => {
  const json =
    '[{"ifname":"other","linkinfo":{"info_kind":"vxlan","info_data":{"external":true,"id":0,"port":4789,"udp_zero_csum6_rx":false}}},' +
    '{"ifname":"mine","linkinfo":{"info_kind":"vxlan","info_data":{"id":5,"port":4789,"gbp":true}}},{}]';
  expect(vxlansOf(json)).toEqual([
    { dev: 'other', vni: 0, port: 4789, kinds: ['external'] },
    { dev: 'mine', vni: 5, port: 4789, kinds: ['gbp'] },
  ]);
  expect(vxlansOf('')).toEqual([]);
});

it('reads the same of iproute2 6.15, which gives such a flag no value', () => {
  const json =
    '[{"ifname":"mine","linkinfo":{"info_kind":"vxlan","info_data":{"id":5,"port":4789,"gbp":null,"external":false}}}]';
  expect(vxlansOf(json)).toEqual([{ dev: 'mine', vni: 5, port: 4789, kinds: ['gbp'] }]);
});
