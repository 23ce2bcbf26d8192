import { expect, it } from 'vitest';
import { FORMER_MOST, latestFormer } from './former-services.ts';
import { type Service, servicesOf } from './services.ts';

const vip = (nth: number): string => `10.0.${1 + (nth >> 8)}.${nth & 255}`;
const idle = (nth: number): Service => ({ name: 's', vip: vip(nth), serving: [], draining: [] });
const busy = (nth: number): Service => ({ ...idle(nth), serving: ['10.0.9.9'] });

it('the services that lost their last task latest stay, whatever their addresses', () => {
  let former: readonly string[] = [];
  let services: Service[] = [];
  for (let nth = 0; nth < 1000; nth++) {
    // A stack that is deployed anew, each time at an address before the last one's.
    services = servicesOf([{ endpoints: [task(999 - nth)] }], services);
    ({ services, former } = latestFormer(services, former));
    services = servicesOf([], services);
    ({ services, former } = latestFormer(services, former));
  }
  const latest = Array.from({ length: FORMER_MOST }, (_, nth) => vip(nth));
  expect(former).toEqual(latest.toReversed());
  expect(services.map((it) => it.vip)).toEqual(latest.toSorted());
});

it('services with tasks are never too many, and one that has some again is no former one', () => {
  const many = Array.from({ length: 1000 }, (_, nth) => busy(nth));
  expect(latestFormer(many, [])).toEqual({ services: many, former: [] });
  expect(latestFormer([busy(1), idle(2)], [vip(1)])).toEqual({
    services: [busy(1), idle(2)],
    former: [vip(2)],
  });
});

it('one whose address a container has now counts as former, unless it has tasks', () => {
  const given: Service = { ...idle(1), serving: [vip(1)] };
  expect(latestFormer([given], []).former).toEqual([vip(1)]);
  expect(latestFormer([{ ...given, isTaken: true }], []).former).toEqual([]);
});

function task(nth: number) {
  return { ip: '10.0.9.9', service: { name: 's', vip: vip(nth), serving: true } };
}
