import { expect, it } from 'vitest';
import { parsePairCounters } from './pair-counters.ts';

/** As nft 1.0.6 prints it. */
const listing = (set: object): string =>
  JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6', json_schema_version: 1 } },
      { set: { family: 'ip', name: 'sent', table: 'castnet', ...set } },
    ],
  });

it('reads the pairs and their counters', () => {
  const elem = {
    val: { concat: ['10.0.1.2', '10.0.1.5'] },
    counter: { packets: 7, bytes: 368 },
  };
  expect(parsePairCounters(listing({ elem: [{ elem }] }))).toEqual([
    { pair: ['10.0.1.2', '10.0.1.5'], packets: 7, bytes: 368 },
  ]);
});

it('reads a set without elements', () => {
  expect(parsePairCounters(listing({}))).toEqual([]);
});
