import { expect, it } from 'vitest';
import type { Fact } from '../forwarding/facts.ts';
import { type Service, servicesOf } from './services.ts';
import { staleTasks } from './stale-tasks.ts';

const net = { id: 'net-a', vni: 8_000_001 };
const web: Service = {
  name: 'web',
  vip: '10.0.0.99',
  serving: ['10.0.0.2', '10.0.0.3'],
  draining: ['10.0.0.4'],
};
const way = (ip: string, dev = 'cb8000001'): Fact => ({ kind: 'neighbour', dev, ip, mac: 'm' });
const earlier = (...services: Service[]) => new Map([['net-a', services]]);

it('tasks stay that the kernel still leads to, and only these', () => {
  const tasks = staleTasks(earlier(web), [way('10.0.0.2'), way('10.0.0.4')]);
  const [found] = servicesOf([tasks(net, [])]);
  expect(found).toEqual({ ...web, serving: ['10.0.0.2'], draining: ['10.0.0.4'] });
});

it('an address that another host was heard of is its own', () => {
  const tasks = staleTasks(earlier(web), [way('10.0.0.2'), way('10.0.0.3')]);
  const heard = [{ endpoints: [{ ip: '10.0.0.3' }] }];
  const [found] = servicesOf([...heard, tasks(net, heard)]);
  expect(found?.serving).toEqual(['10.0.0.2']);
});

it('ways of another network, and services of one that nobody knew, count nothing', () => {
  expect(staleTasks(earlier(web), [way('10.0.0.2', 'cb8000002')])(net, []).endpoints).toEqual([]);
  expect(staleTasks(new Map(), [way('10.0.0.2')])(net, []).endpoints).toEqual([]);
});

it('an address of a service that a container has leads there, and is no task of it', () => {
  const taken: Service = { name: 'old', vip: '10.0.0.5', serving: ['10.0.0.5'], draining: [] };
  const tasks = staleTasks(earlier(taken), [way('10.0.0.5')]);
  expect(servicesOf([tasks(net, [])], [taken])).toEqual([taken]);
});
