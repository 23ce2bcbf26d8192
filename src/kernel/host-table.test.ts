import { expect, it } from 'vitest';
import { parseTable } from './host-table.ts';

const table = (options: { packets?: number; handle?: number; hosts?: string[]; port?: number }) =>
  JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'inet', name: 'castnet', handle: options.handle ?? 1 } },
      { counter: { name: 'not-by-underlay', packets: options.packets ?? 0, bytes: 0 } },
      { set: { name: 'underlay', type: 'ifname', elem: ['eth0'] } },
      { set: { name: 'hosts4', type: 'ipv4_addr', elem: options.hosts ?? [] } },
      { set: { name: 'hosts6', type: 'ipv6_addr' } },
      { rule: { chain: 'input', expr: [{ match: { right: options.port ?? 4789 } }] } },
      { rule: { chain: 'arriving', expr: [{ match: { op: '!=', right: '@hosts4' } }] } },
    ],
  });

it('tells tables apart by what they hold, not by what they counted', () => {
  expect(parseTable(table({ packets: 7 })).dropped).toEqual({ notByUnderlay: 7, notFromAHost: 0 });
  const { content } = parseTable(table({ hosts: ['10.0.0.2', '10.0.0.3'] }));
  const same = parseTable(table({ packets: 7, handle: 9, hosts: ['10.0.0.3', '10.0.0.2'] }));
  expect(same.content).toBe(content);
  expect(parseTable(table({ hosts: ['10.0.0.2'] })).content).not.toBe(content);
  expect(parseTable(table({ port: 5789 })).content).not.toBe(parseTable(table({})).content);
});

it('finds the hosts that it lets in, and that a table of an earlier release has no list', () => {
  expect(parseTable(table({ hosts: ['10.0.0.2'] })).hosts).toEqual(['10.0.0.2']);
  expect(parseTable(table({})).hosts).toEqual([]);
  const old = { nftables: [{ table: { name: 'castnet' } }, { rule: { chain: 'input' } }] };
  expect(parseTable(JSON.stringify(old)).hosts).toBeUndefined();
});
