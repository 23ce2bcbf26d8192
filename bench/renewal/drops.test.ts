import { expect, it } from 'vitest';
import { backlogDrops, dropsIn, since } from './drops.ts';

const snmp = (errors: number) => `Ip: Forwarding DefaultTTL
Ip: 1 64
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors
Udp: 10 0 7 20 ${errors} 0
UdpLite: InDatagrams
UdpLite: 0
`;
const dev = (
  dropped: number,
) => `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0: 1 2 0 3 0 0 0 0 5 6 0 ${dropped} 0 0 0 0
`;

it('names where packets were dropped between two looks, most first', () => {
  const before = dropsIn('h1', snmp(1), dev(4));
  const after = dropsIn('h1', snmp(3), dev(9));
  expect(since(before, after)).toEqual([
    'h1: eth0, dropped when sent: 5',
    'h1: RcvbufErrors of UDP: 2',
  ]);
  expect(since(after, after)).toEqual([]);
});

it('adds up what all CPUs dropped', () => {
  const of = (dropped: string) => backlogDrops(`00000001 ${dropped} 0\n00000001 00000010 0\n`);
  expect(since(of('00000000'), of('0000000a'))).toEqual([
    'the machine: queue of a CPU full (softnet_stat): 10',
  ]);
});
