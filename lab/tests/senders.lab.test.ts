/** Who sends, who receives, and when: in any order, by any number, on one network or two. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupMac } from '../../src/net/group.ts';
import { IMAGE } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import {
  type Container,
  containerCount,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  tasksRun,
} from '../kit/stack.ts';
import { closeStations, PORT, Station } from '../kit/station.ts';
import { createWeb, removeServices, SERVICE_MOUNTS } from '../kit/vip.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useCrew } from './support/crew.ts';
import { everyPair, groupReady, settledPairs, untilHeard } from './support/group.ts';
import { inNetwork } from './support/inside.ts';
import { addressOn, settlesOn } from './support/multicast-route.ts';
import { kindArgs } from './support/network-kind.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('senders');
const { station, all, copiedTo } = useCrew(lab, { network: 'senders', args: kindArgs });

it('six senders at once, two on each host, are all heard by all, without a loss', async () => {
  const group = '239.40.0.1';
  for (const each of all()) await each.join(group);
  await groupReady(all(), group);
  const say = { to: group, tag: 'all', count: 200, rate: 500 };
  await Promise.all(all().map((it) => it.say(say)));
  expect(await settledPairs(all(), { tag: 'all', count: 200 })).toEqual(everyPair(all(), 200));
});

it('a packet with a TTL of 1 reaches other hosts, for a network is one hop', async () => {
  const group = '239.40.0.2';
  const [from, to] = [station('h1'), station('h2')];
  await to.join(group);
  await copiedTo('h1', groupMac(group), ['h2']);
  await from.ttl(1);
  await from.say({ to: group, tag: 'ttl', count: 5 });
  expect(await to.hears(from, { tag: 'ttl', count: 5 })).toMatchObject({ doubles: 0 });
});

describe('a container that only sends', () => {
  it('is heard from its first packet when the receivers were there before it', async () => {
    const group = '239.40.0.3';
    const receivers = [station('h2'), station('h3'), station('h1', 'b')];
    for (const each of receivers) await each.join(group);
    await copiedTo('h1', groupMac(group), ['h2', 'h3']);
    await withNew('late-sender', 'h1', async (sender) => {
      await sender.say({ to: group, tag: 'late', count: 10 });
      for (const each of receivers) {
        const heard = await each.hears(sender, { tag: 'late', count: 10 });
        expect(heard).toMatchObject({ first: 1, doubles: 0 });
      }
    });
  });

  it('is heard without a gap by who joins in the middle, also in a container made then', async () => {
    const group = '239.40.0.4';
    const from = station('h1');
    await from.stream({ to: group, tag: 'stream', rate: 200 });
    await station('h2').join(group);
    await station('h2').hears(from, { tag: 'stream', count: 20 });
    await withNew('late-receiver', 'h3', async (receiver) => {
      await receiver.join(group);
      await receiver.hears(from, { tag: 'stream', count: 100 });
      const sent = await from.stop('stream');
      for (const each of [station('h2'), receiver]) {
        await until(async () => (await each.heard('stream'))[0]?.last === sent || undefined, {
          what: `${each.name} hearing the last`,
          timeoutMs: 5_000,
        });
        expect((await each.heard('stream'))[0]).toMatchObject({ missing: [], doubles: 0 });
      }
    });
  });

  it('is not heard by who joins after it has ended', async () => {
    const group = '239.40.0.5';
    await station('h1').say({ to: group, tag: 'over', count: 50 });
    await station('h3').join(group);
    await untilHeard({ from: station('h1'), at: station('h3'), group });
    expect(await station('h3').heard('over')).toEqual([]);
  });
});

describe('a container with two castnet networks', () => {
  const NETWORKS = ['first', 'second', 'silent'];
  /** One listener on each network, on h2. */
  const listeners: Station[] = [];
  beforeAll(async () => {
    await createNetwork(lab(), 'first', ['--opt', 'vni=8000100', ...kindArgs]);
    await createNetwork(lab(), 'second', ['--opt', 'vni=8000200', ...kindArgs]);
    await createNetwork(lab(), 'silent', ['--opt', 'multicast-route=off', ...kindArgs]);
    for (const network of NETWORKS) {
      const name = `on-${network}`;
      const container = await runContainer(lab().host('h2'), { network, name });
      listeners.push(await Station.start(container));
      await settled(lab(), network);
    }
  });
  afterAll(async () => {
    await closeStations(listeners);
    await removeContainers(listeners.map((it) => it.container));
    for (const network of NETWORKS) await removeNetwork(lab(), network);
  });

  /** The names of the listeners' networks that hear what the container says to a group. */
  async function heardOn(container: Container, group: string): Promise<string[]> {
    for (const each of listeners) await each.join(group);
    const [sender, tag] = [await Station.start(container), `to-${group}`];
    await until(
      async () => {
        await sender.say({ to: group, tag });
        await sender.say({ to: '255.255.255.255', tag: `${tag}-all` });
        const lists = await Promise.all(listeners.map((it) => it.heard()));
        const tags = lists.flat().map((it) => it.tag);
        return (tags.includes(tag) && tags.includes(`${tag}-all`)) || undefined;
      },
      { what: `${group} on any network`, timeoutMs: 10_000 },
    );
    await sender.close();
    const heard: string[] = [];
    for (const [index, each] of listeners.entries()) {
      if ((await each.heard(tag)).length > 0) heard.push(NETWORKS[index] as string);
      const broadcast = (await each.heard(`${tag}-all`)).length > 0;
      expect(broadcast, NETWORKS[index]).toBe(heard.includes(NETWORKS[index] as string));
    }
    return heard;
  }

  it('sends by the network with the lowest VNI, whichever it joined first, then by the other', async () => {
    const host = lab().host('h1');
    const container = await runContainer(host, { network: 'second', name: 'both' });
    await host.docker(['network', 'connect', 'first', 'both']);
    await settlesOn(container, 'first');
    expect(await heardOn(container, '239.41.0.1')).toEqual(['first']);
    await host.docker(['network', 'disconnect', 'first', 'both']);
    expect(await heardOn(container, '239.41.0.2')).toEqual(['second']);
    await host.docker(['network', 'connect', 'first', 'both']);
    await settlesOn(container, 'first');
    expect(await heardOn(container, '239.41.0.3')).toEqual(['first']);
    await removeContainers([container]);
  });

  it('sends by the network whose attachment has the higher priority', async () => {
    const host = lab().host('h1');
    const container = await runContainer(host, { network: 'first', name: 'wishes' });
    const wish = ['--driver-opt', 'multicast-route=5'];
    await host.docker(['network', 'connect', ...wish, 'second', 'wishes']);
    await settlesOn(container, 'second');
    expect(await heardOn(container, '239.41.0.6')).toEqual(['second']);
    await removeContainers([container]);
  });

  it('sends by the same network in each of six tasks, also after service update --force', async () => {
    const name = 'six';
    await createWeb(lab(), { name, networks: ['second', 'first'], replicas: 6 });
    const before = await containerCount(lab(), 'first', 7);
    const tasks = (of: readonly Container[]) => of.filter((it) => it.name.startsWith(`${name}.`));
    for (const task of tasks(before)) await settlesOn(task, 'first');
    await (lab().hosts[0] as LabHost).docker([
      ...['service', 'update', '--force', '--detach=false', '--quiet', '--update-parallelism', '6'],
      name,
    ]);
    await tasksRun(lab(), name, 6);
    const after = tasks(await containerCount(lab(), 'first', 7));
    expect(after.filter((it) => before.some((old) => old.id === it.id))).toEqual([]);
    for (const task of after) await settlesOn(task, 'first');
    await removeServices(lab(), name);
  });

  it('sends by that network from its first packet on, the first thing that its process does', async () => {
    const group = '239.41.0.7';
    const name = 'early';
    const quiet: Container[] = [];
    for (const host of [lab().host('h1'), lab().host('h3')]) {
      const container = await runContainer(host, { network: 'second', name: `quiet-${host.name}` });
      await host.docker(['network', 'connect', 'first', container.name]);
      quiet.push(container);
    }
    for (const network of ['first', 'second']) await settled(lab(), network);
    for (const each of listeners) await each.join(group);
    for (const [index, network] of ['first', 'second'].entries()) {
      const sender = await Station.start(quiet[0] as Container);
      await sender.sendBy(await addressOn(quiet[0] as Container, network));
      await untilHeard({ from: sender, at: listeners[index] as Station, group });
      await sender.close();
    }
    // The kernel may not let the port of a container that has just come forward yet, and drops what it sends
    // then; so each says it again, and nothing of it may go by the other network.
    const say =
      'use IO::Socket::INET; ' +
      `my $to = IO::Socket::INET->new(Proto => "udp", PeerAddr => "${group}", PeerPort => ${PORT}); ` +
      'my $me = $to->sockhost; for (1 .. 50) { $to->send("$me early $_"); select undef, undef, undef, 0.1 } sleep 600;';
    await (lab().hosts[0] as LabHost).docker([
      ...['service', 'create', '--detach', '--name', name, '--no-resolve-image'],
      ...['--replicas', '6', '--network', 'second', '--network', 'first'],
      ...[...SERVICE_MOUNTS, IMAGE, '/usr/bin/perl', '-e', say],
    ]);
    await tasksRun(lab(), name, 6);
    const heard = async () => {
      const [first = [], second = []] = await Promise.all(listeners.map((it) => it.heard('early')));
      if (first.length === 6) return true;
      const hosts = (await containerCount(lab(), 'first', 9)).map((it) => `${it.name} ${it.ip}`);
      throw new Error(JSON.stringify({ first, second, hosts }));
    };
    await until(heard, { what: 'all six heard on the first network', timeoutMs: 10_000 });
    expect(await (listeners[1] as Station).heard('early')).toEqual([]);
    await removeServices(lab(), name);
    await removeContainers(quiet);
  });

  it('is connected though it has a route for multicast of its own, which stays in force', async () => {
    const host = lab().host('h1');
    const container = await runContainer(host, { network: 'silent', name: 'own-route' });
    await inNetwork(container, ['ip', 'route', 'add', '224.0.0.0/4', 'dev', 'eth0']);
    await host.docker(['network', 'connect', 'first', 'own-route']);
    await until(
      async () => {
        const routes = await inNetwork(container, ['ip', 'route', 'show', '224.0.0.0/4']);
        return routes.includes('metric') || undefined;
      },
      { what: 'the route with a metric', timeoutMs: 5_000 },
    );
    await settlesOn(container, 'silent');
    await removeContainers([container]);
  });

  it('does not send by a network with multicast-route=off, though joined first', async () => {
    const host = lab().host('h3');
    const container = await runContainer(host, { network: 'silent', name: 'other' });
    await host.docker(['network', 'connect', 'second', 'other']);
    expect(await heardOn(container, '239.41.0.4')).toEqual(['second']);
    await removeContainers([container]);
  });

  it('reaches either network when it names the interface', async () => {
    const host = lab().host('h1');
    const container = await runContainer(host, { network: 'first', name: 'chooser' });
    await host.docker(['network', 'connect', 'second', 'chooser']);
    const group = '239.41.0.5';
    for (const each of listeners) await each.join(group);
    const sender = await Station.start(container);
    for (const index of [0, 1]) {
      await sender.sendBy(await addressOn(container, NETWORKS[index] as string));
      await untilHeard({ from: sender, at: listeners[index] as Station, group });
    }
    await sender.close();
    await removeContainers([container]);
  });
});

/** Runs a container with a station for the time of some work. */
async function withNew(name: string, host: string, work: (it: Station) => Promise<void>) {
  const container = await runContainer(lab().host(host), { network: 'senders', name });
  const made = await Station.start(container);
  try {
    await work(made);
  } finally {
    await made.close();
    await removeContainers([container]);
  }
}
