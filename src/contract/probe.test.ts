import { expect, it } from 'vitest';
import { probeHeard, probeOrder, probeSeat } from './probe.ts';

const seat = {
  ...{ host: '10.9.0.1', ip: '198.18.0.1', mac: '02:42:c6:12:00:01', vni: 8_000_001, mtu: 1450 },
  ...{ underlay: { interface: 'eth0', mtu: 1500 }, snooping: true, querier: true },
  peers: [{ address: 'fd00::2', state: 'a word of later', listed: true }],
};

it('takes what a later release adds', () => {
  expect(probeSeat.safeParse({ ...seat, later: 1 }).success).toBe(true);
});

it.each<[string, object]>([
  ['a host that a terminal takes for an order', { host: '10.9.0.1\u001b[2J' }],
  ['an interface of the same kind', { underlay: { interface: '\u0007', mtu: 1500 } }],
  ['an address that no probe has', { ip: '10.0.0.1' }],
  ['no MAC', { mac: 'ff' }],
  ['an MTU that no device takes', { mtu: 70_000 }],
  ['a session with no address', { peers: [{ address: 'x', state: 'up', listed: true }] }],
])('takes no seat with %s', (_what, change) => {
  expect(probeSeat.safeParse({ ...seat, ...change }).success).toBe(false);
});

it('asks nobody to send to a host that could not be sent to', () => {
  const { host, ip, mac, mtu } = seat;
  const order = (change: object) => ({ run: 1, others: [{ host, ip, mac, mtu, ...change }] });
  expect(probeOrder.safeParse(order({})).success).toBe(true);
  expect(probeOrder.safeParse(order({ mtu: 100 })).success).toBe(false);
  expect(probeOrder.safeParse(order({ host: 'elsewhere' })).success).toBe(false);
});

it('hears of no more hosts than a probe has', () => {
  const kinds = { unicast: 1, multicast: 1, broadcast: 1, large: 1 };
  const many = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`198.18.${at >> 8}.${at & 255}`, kinds]),
    );
  expect(probeHeard.safeParse(many(1022)).success).toBe(true);
  expect(probeHeard.safeParse(many(1023)).success).toBe(false);
});
