import { expect, it } from 'vitest';
import { refusedOf } from './refused.ts';

it('reads what the guards of each network dropped, and nothing else of the table', () => {
  const counter = (name: string) => ({
    counter: { family: 'bridge', name, packets: 7, bytes: 700 },
  });
  const json = JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'bridge', name: 'castnet' } },
      counter('refused-8000001'),
      counter('another'),
    ],
  });
  expect(refusedOf(json)).toEqual([{ vni: 8_000_001, packets: 7, bytes: 700 }]);
});
