import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointRecord, NetworkRecord } from '../records.ts';
import { servicesBySandbox, servicesOf } from './services.ts';

const endpoint = fc
  .record({
    host: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 20, max: 60 }),
    vip: fc.option(fc.integer({ min: 2, max: 24 })),
    serving: fc.boolean(),
  })
  .map(({ host, at, vip, serving }) => ({
    host,
    record: {
      id: `e${at}`,
      ip: `10.0.1.${at}`,
      mac: '02:42:0a:00:01:01',
      ...(vip === null ? {} : { service: { name: `s${vip}`, vip: `10.0.1.${vip}`, serving } }),
    } satisfies EndpointRecord,
  }));

/** Three hosts' records of one network; an address is on one host alone. */
const records = fc
  .uniqueArray(endpoint, { maxLength: 30, selector: (it) => it.record.ip })
  .map((all) =>
    [0, 1, 2].map(
      (host): NetworkRecord => ({
        vni: 8_000_000,
        groups: [],
        endpoints: all.filter((it) => it.host === host).map((it) => it.record),
      }),
    ),
  );

const tasksOf = (all: readonly NetworkRecord[]) => all.flatMap((it) => it.endpoints);

describe('the services of a network', () => {
  it('hold each task once, where its host says it is', () => {
    fc.assert(
      fc.property(records, (all) => {
        const found = servicesOf(all);
        const containers = new Set(tasksOf(all).map((it) => it.ip));
        for (const { ip, service } of tasksOf(all)) {
          if (service === undefined || containers.has(service.vip)) continue;
          const of = found.find((it) => it.vip === service.vip);
          expect(of?.serving.includes(ip)).toBe(service.serving);
          expect(of?.draining.includes(ip)).toBe(!service.serving);
        }
        const others = found.filter((it) => !containers.has(it.vip));
        const held = others.flatMap((it) => [...it.serving, ...it.draining]);
        expect(new Set(held).size).toBe(held.length);
        for (const ip of held) expect(containers).toContain(ip);
      }),
    );
  });

  it('lead to the container alone where one has their address', () => {
    fc.assert(
      fc.property(records, (all) => {
        const containers = tasksOf(all).map((it) => it.ip);
        const known = containers.map((vip) => ({ name: 'gone', vip }));
        const inUse = new Set(tasksOf(all).map((it) => it.service?.vip));
        for (const it of servicesOf(all, known)) {
          if (!containers.includes(it.vip)) continue;
          expect(it).toMatchObject({ serving: [it.vip], draining: [] });
          expect(it.isTaken).toBe(inUse.has(it.vip) ? true : undefined);
        }
      }),
    );
  });

  it('are the same in whatever order the hosts are heard', () => {
    fc.assert(
      fc.property(records, (all) => {
        const backwards = all
          .map((it) => ({ ...it, endpoints: [...it.endpoints].reverse() }))
          .reverse();
        expect(servicesOf(backwards)).toEqual(servicesOf(all));
      }),
    );
  });

  it('stay without tasks when the last task has gone', () => {
    fc.assert(
      fc.property(records, (all) => {
        const before = servicesOf(all);
        const after = servicesOf([], before);
        expect(after.map((it) => it.vip)).toEqual(before.map((it) => it.vip));
        for (const { serving, draining } of after) expect([serving, draining]).toEqual([[], []]);
      }),
    );
  });
});

describe('the services of each container', () => {
  const endpoints = [
    { id: 'a', network: 'n1', address: '10.0.1.5/24', mac: '', sandbox: '/run/a' },
    { id: 'b', network: 'n2', address: '10.0.2.5/24', mac: '', sandbox: '/run/a' },
    { id: 'c', network: 'n1', address: '10.0.1.6/24', mac: '', sandbox: '/run/c' },
    { id: 'd', network: 'n1', address: '10.0.1.7/24', mac: '', sandbox: '/run/d' },
    { id: 'e', network: 'n1', address: '10.0.1.8/24', mac: '' },
  ];
  const service = (vip: string) => ({ name: vip, vip, serving: [], draining: [] });
  const services = (id: string) =>
    id === 'n1' ? [service('10.0.1.2')] : [service('10.0.2.2'), service('10.0.1.2')];

  it('are those of all its networks, no address twice', () => {
    const found = servicesBySandbox({ endpoints, services });
    expect([...found.keys()]).toEqual(['/run/a', '/run/c', '/run/d']);
    expect(found.get('/run/a')?.map((it) => it.vip)).toEqual(['10.0.1.2', '10.0.2.2']);
    expect(found.get('/run/c')?.map((it) => it.vip)).toEqual(['10.0.1.2']);
  });

  it('are one and the same for containers on the same networks', () => {
    const found = servicesBySandbox({ endpoints, services });
    expect(found.get('/run/c')).toBe(found.get('/run/d'));
  });
});
