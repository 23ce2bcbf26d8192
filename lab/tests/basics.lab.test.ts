/** Everything reaches every container of the network, and nothing reaches another network. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectedRoutes, routes, settled } from '../kit/kernel.ts';
import {
  type Container,
  containerCount,
  createNetwork,
  deployStack,
  removeContainers,
  removeNetwork,
  removeStack,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useSharedLab } from './support/shared-lab.ts';

const GROUP = '239.77.1.1';
/** Registered for nothing; snooping never registers 224.0.0.0/24. */
const LINK_LOCAL = '224.0.0.200';
/** Packets of each sender for each destination. */
const COUNT = 3;

const lab = useSharedLab('basics');

/** Containers of the stack's network, of all hosts: 6 tasks of web, 3 of db, 3 attached. */
let ours: Station[] = [];
/** Containers of another castnet network, one on each host. */
let others: Station[] = [];
let attached: Container[] = [];
let subnet = '';

beforeAll(async () => {
  const services = { web: { replicas: 6 }, db: { replicas: 3, mode: 'dnsrr' as const } };
  await deployStack(lab(), 'app', services);
  await createNetwork(lab(), 'other', ['--subnet', '10.66.0.0/24']);
  const web = (await containerCount(lab(), 'app_net', 9))[0] as Container;
  subnet = web.ip.split('.').slice(0, 3).join('.');
  attached = await Promise.all(
    lab().hosts.map((host, index) =>
      runContainer(host, {
        network: 'app_net',
        name: `guest-${host.name}`,
        args: ['--ip', `${subnet}.${200 + index}`, '--network-alias', `alias-${host.name}`],
      }),
    ),
  );
  const strangers = await Promise.all(
    lab().hosts.map((host) => runContainer(host, { network: 'other', name: `other-${host.name}` })),
  );
  await settled(lab(), 'app_net');
  ours = await startStations(await containerCount(lab(), 'app_net', 12));
  others = await startStations(strangers);
  for (const station of [...ours, ...others]) {
    await station.join(GROUP);
    await station.join(LINK_LOCAL);
  }
  await groupReady(ours, GROUP);
});
afterAll(async () => {
  await closeStations([...ours, ...others]);
  await removeContainers([...attached, ...others.map((it) => it.container)]);
  await removeStack(lab(), 'app');
  await removeNetwork(lab(), 'other');
});

it('the tasks are spread over all hosts', () => {
  const perHost = lab().hosts.map((host) => ours.filter((it) => it.container.host === host).length);
  expect(perHost).toEqual([4, 4, 4]);
});

it('a container has the address that --ip asked for', () => {
  expect(attached.map((it) => it.ip)).toEqual([200, 201, 202].map((it) => `${subnet}.${it}`));
});

it.each([
  ['multicast', () => GROUP],
  ['link-local multicast (224.0.0.x)', () => LINK_LOCAL],
  ['subnet broadcast', () => `${subnet}.255`],
  ['255.255.255.255', () => '255.255.255.255'],
])('%s reaches every container on every host, once', async (tag, to) => {
  const word = tag.replaceAll(' ', '-');
  await Promise.all(ours.map((it) => it.say({ to: to(), tag: word, count: COUNT })));
  expect(await settledPairs(ours, { tag: word, count: COUNT })).toEqual(everyPair(ours, COUNT));
});

it('unicast reaches every container from every other, once', async () => {
  for (const from of ours) {
    const targets = ours.filter((it) => it !== from);
    await Promise.all(
      targets.map((it) => from.say({ to: it.container.ip, tag: 'unicast', count: COUNT })),
    );
  }
  const heard = await settledPairs(ours, { tag: 'unicast', count: COUNT });
  expect(heard).toEqual(everyPair(ours, COUNT));
});

it('a container of another castnet network heard nothing of it, and hears its own', async () => {
  await groupReady(others, GROUP);
  const names = new Set(others.map((it) => it.name));
  for (const station of others) {
    const strangers = (await station.heard()).filter((it) => !names.has(it.from));
    expect(strangers, station.name).toEqual([]);
  }
  const ourNames = new Set(ours.map((it) => it.name));
  for (const station of ours) {
    const strangers = (await station.heard()).filter((it) => !ourNames.has(it.from));
    expect(strangers, station.name).toEqual([]);
  }
});

it('tasks.SERVICE resolves to every task, on every host', async () => {
  const tasks = ours.filter((it) => it.container.name.startsWith('app_web.'));
  const expected = tasks.map((it) => it.container.ip).sort();
  for (const guest of guests()) expect(await guest.resolve('tasks.web')).toEqual(expected);
});

it('the name of a service in dnsrr mode resolves to its tasks, on every host', async () => {
  const tasks = ours.filter((it) => it.container.name.startsWith('app_db.'));
  const expected = tasks.map((it) => it.container.ip).sort();
  for (const guest of guests()) expect(await guest.resolve('db')).toEqual(expected);
});

it('the name of a service in vip mode resolves to one address, the same on every host', async () => {
  const answers = await Promise.all(guests().map((it) => it.resolve('web')));
  expect(new Set(answers.map((it) => it.join())).size).toBe(1);
  expect(answers[0]).toHaveLength(1);
});

it('the name and the alias of a container resolve on every host', async () => {
  for (const guest of guests()) {
    for (const { host, ip, name } of attached) {
      expect(await guest.resolve(name), `${name} at ${guest.name}`).toEqual([ip]);
      expect(await guest.resolve(`alias-${host.name}`), `alias at ${guest.name}`).toEqual([ip]);
    }
  }
});

it('each kernel leads to exactly the containers that the Engines list', async () => {
  const vni = await vniOf(lab(), 'app_net');
  for (const host of lab().hosts) {
    expect(await routes(host, vni), host.name).toEqual(
      await expectedRoutes(lab(), host, 'app_net'),
    );
    expect(await routes(host, vni)).toHaveLength(8);
  }
});

/** The attached containers, one on each host. */
function guests(): Station[] {
  return ours.filter((it) => it.container.name.startsWith('guest-'));
}
