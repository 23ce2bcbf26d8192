/** Groups go around bridge and tunnel, to exactly those to whom these would give them; else not at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentPid, groupsTable, healthy, http, inHost, killAgent } from '../kit/agent.ts';
import {
  countedFast,
  fastCounts,
  fastGroup,
  fastGroups,
  fastStep,
  setFastPath,
} from '../kit/fast-path.ts';
import { igmpQuery } from '../kit/hostile-frames.ts';
import { inCastnet, settled } from '../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { sendFrames } from './support/inside.ts';
import { useLab } from './support/lab.ts';

const NET = 'fast-groups';
const GROUP = '239.77.0.1';
const COUNT = 300;
/** Packets per second. */
const RATE = 1000;
/** The hosts with a fast path; h3 has none. */
const FAST = ['h1', 'h2'];
const NAMES = ['h1', 'h1-b', 'h1-c', 'h2', 'h2-b', 'h3'];

const lab = useLab('fastgroups');
const host = (name: string): LabHost => lab().host(name);
let stations: Station[] = [];
const on = (name: string): Station =>
  stations.find((it) => it.container.name === `fg-${name}`) as Station;
const counted = (work: () => Promise<unknown>) => countedFast(FAST.map(host), work);

async function start(network: string, options: Parameters<typeof startStations>[1] = {}) {
  const containers: Container[] = [];
  for (const name of NAMES)
    containers.push(await runContainer(host(name.slice(0, 2)), { network, name: `fg-${name}` }));
  await settled(lab(), network);
  stations = await startStations(containers, options);
  for (const it of FAST) await fastStep(host(it), { network, step: 'groups', why: /broadcast/ });
}

async function removeAll(network: string): Promise<void> {
  await closeStations(stations);
  await removeContainers(stations.map((it) => it.container));
  await removeNetwork(lab(), network);
  stations = [];
}

beforeAll(async () => {
  await Promise.all(FAST.map((it) => setFastPath(host(it), 'on')));
});

/** After a member has come, a group is the bridge's for a second (bpf/groups.h): says probes until it is not. */
async function takesFast(from: string, group = GROUP): Promise<void> {
  const at = host(from.slice(0, 2));
  const taken = async () => (await fastCounts(at)).grouped;
  const before = await taken();
  await until(
    async () => {
      await on(from).say({ to: group, tag: 'probe' });
      return (await taken()) > before || undefined;
    },
    { what: `${group} by the fast path of ${from}`, timeoutMs: 10_000 },
  );
}

/** What a host's agent tells Prometheus. */
async function metrics(at: LabHost): Promise<string> {
  const socketPath = inHost(at, '/run/castnet/castnet.sock');
  return (await http({ socketPath, method: 'GET', path: '/metrics' })).text;
}

/** The sum of those with these labels. */
const sumOf = (text: string, name: string, labels: readonly string[]): number =>
  text
    .split('\n')
    .filter((it) => it.startsWith(`${name}{`) && labels.every((label) => it.includes(label)))
    .reduce((sum, it) => sum + Number(it.split(' ').at(-1)), 0);

/** The agent is stopped while something is done. */
async function asleep(at: LabHost, work: () => Promise<unknown>): Promise<void> {
  const pid = String(await agentPid(at));
  await mustRun(at.enter(['kill', '-STOP', pid]));
  try {
    await work();
  } finally {
    await mustRun(at.enter(['kill', '-CONT', pid]));
  }
}

/** Everyone of these heard each packet of a sender once. */
async function heardBy(names: readonly string[], from: Station, tag: string, count = COUNT) {
  for (const name of names) {
    const heard = await on(name).hears(from, { tag, count });
    expect(heard, `${name} of ${tag}`).toMatchObject({ count, doubles: 0, missing: [] });
  }
}

/** A stream has ended, and each of these heard it from its first packet there to its last, once each. */
async function heardWhole(names: readonly string[], from: Station, tag: string): Promise<void> {
  const sent = await from.stop(tag);
  for (const name of names) {
    const heard = await until(
      async () => {
        const found = (await on(name).heard(tag)).find((it) => it.from === from.name);
        if (found?.last === sent) return found;
        throw new Error(`${found?.last} of ${sent}`);
      },
      { what: `the last of ${tag} at ${name}`, timeoutMs: 5_000 },
    );
    expect(heard, `${name} of ${tag}`).toMatchObject({ doubles: 0, missing: [] });
  }
}

describe('over IPv4', () => {
  beforeAll(async () => {
    await createNetwork(lab(), NET);
    await start(NET);
    for (const it of ['h1-b', 'h2', 'h2-b', 'h3']) await on(it).join(GROUP);
    await fastGroup(host('h1'), { group: GROUP, members: 1, hosts: 2 });
    await fastGroup(host('h2'), { group: GROUP, members: 2, hosts: 2 });
    await takesFast('h1');
    await takesFast('h2');
  });
  afterAll(() => removeAll(NET));

  it('what a container says goes to members beside it, on hosts with it and without, once each', async () => {
    const { h1, h2 } = await counted(async () => {
      await on('h1').say({ to: GROUP, tag: 'all', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h2', 'h2-b', 'h3'], on('h1'), 'all');
    });
    expect(h1).toMatchObject({ grouped: COUNT, lost: 0 });
    expect(h2).toMatchObject({ copied: COUNT, lost: 0 });
    expect(await on('h1-c').heard('all')).toEqual([]);
  });

  it('what a host without it sends goes to each member', async () => {
    const { h1, h2 } = await counted(async () => {
      await on('h3').say({ to: GROUP, tag: 'of-h3', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h2', 'h2-b'], on('h3'), 'of-h3');
    });
    expect([h1?.copied, h2?.copied]).toEqual([COUNT, COUNT]);
  });

  it('a member does not hear itself by the network', async () => {
    await on('h2-b').say({ to: GROUP, tag: 'own', count: COUNT, rate: RATE });
    await heardBy(['h1-b', 'h2', 'h3'], on('h2-b'), 'own');
    const own = (await on('h2-b').heard('own'))[0];
    expect(own?.doubles ?? 0).toBe(0);
  });

  it('with the fewest hops that a packet may have, and with many', async () => {
    for (const hops of [1, 200]) {
      await on('h1').ttl(hops);
      await on('h1').say({ to: GROUP, tag: `hops-${hops}`, count: 20 });
      await heardBy(['h1-b', 'h2', 'h2-b', 'h3'], on('h1'), `hops-${hops}`, 20);
    }
  });

  it('a datagram of 60 kB, in fragments', async () => {
    await on('h1').say({ to: GROUP, tag: 'large', count: 10, rate: 50, size: 60_000 });
    await heardBy(['h1-b', 'h2', 'h2-b', 'h3'], on('h1'), 'large', 10);
  });

  it('members come and go under a stream: who stays misses nothing, and hears nothing twice', async () => {
    const stay = ['h1-b', 'h2', 'h3'];
    const before = await fastCounts(host('h2'));
    await on('h1').stream({ to: GROUP, tag: 'churn', rate: RATE });
    for (let round = 0; round < 5; round++) {
      await on('h1-c').join(GROUP);
      await fastGroup(host('h1'), { group: GROUP, members: 2, hosts: 2 });
      await on('h2-b').leave(GROUP);
      await fastGroup(host('h2'), { group: GROUP, members: 1, hosts: 2 });
      await on('h1-c').leave(GROUP);
      await on('h2-b').join(GROUP);
      await fastGroup(host('h1'), { group: GROUP, members: 1, hosts: 2 });
      await fastGroup(host('h2'), { group: GROUP, members: 2, hosts: 2 });
    }
    await heardWhole(stay, on('h1'), 'churn');
    expect((await fastCounts(host('h2'))).copied).toBeGreaterThan(before.copied);
  });

  it('the last member of a host comes and goes under a stream', async () => {
    await on('h1').stream({ to: GROUP, tag: 'host', rate: RATE });
    for (let round = 0; round < 3; round++) {
      await on('h3').leave(GROUP);
      await fastGroup(host('h1'), { group: GROUP, members: 1, hosts: 1 });
      await on('h3').join(GROUP);
      await fastGroup(host('h1'), { group: GROUP, members: 1, hosts: 2 });
    }
    await heardWhole(['h1-b', 'h2', 'h2-b'], on('h1'), 'host');
  });

  it('who joins beside the sender hears it at once, while the agent sleeps', async () => {
    await asleep(host('h1'), async () => {
      await on('h1').say({ to: GROUP, tag: 'asleep', count: COUNT, rate: RATE });
      await on('h1-c').join(GROUP);
      const rows = () => inCastnet(host('h1'), ['bridge', 'mdb', 'show']);
      const here = async () => (await rows()).split('\n').filter((it) => it.includes(`${GROUP} `));
      await until(async () => ((await here()).length >= 3 ? true : undefined), {
        what: 'the bridge knowing the new member',
        timeoutMs: 5_000,
      });
      await on('h1').say({ to: GROUP, tag: 'new', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h1-c', 'h2', 'h2-b', 'h3'], on('h1'), 'new');
      await on('h3').say({ to: GROUP, tag: 'new-of-h3', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h1-c'], on('h3'), 'new-of-h3');
    });
    await fastGroup(host('h1'), { group: GROUP, members: 2, hosts: 2 });
    await on('h1-c').leave(GROUP);
    await fastGroup(host('h1'), { group: GROUP, members: 1, hosts: 2 });
  });

  it('the agents killed under a stream: not one packet is lost or doubled', async () => {
    await on('h1').stream({ to: GROUP, tag: 'killed', rate: RATE });
    const { h1, h2 } = await counted(async () => {
      await Promise.all(FAST.map((it) => killAgent(host(it))));
      await settled(lab(), NET);
    });
    await heardWhole(['h1-b', 'h2', 'h2-b', 'h3'], on('h1'), 'killed');
    expect([h1?.grouped, h2?.copied].every((it) => (it ?? 0) > 0)).toBe(true);
    await healthy(lab());
  });

  it('a member wants a source alone: the group is the bridge’s, and status names it', async () => {
    const group = '232.79.0.1';
    await on('h2-b').join(group);
    await fastGroup(host('h1'), { group, members: 0, hosts: 1 });
    await takesFast('h1', group);
    await on('h2').join(group, { source: on('h1').container.ip });
    // Other hosts hear that h2 wants every source, and its bridge sees to what each member wants.
    await fastGroup(host('h2'), { group, members: 0, hosts: 0 });
    await fastStep(host('h2'), {
      network: NET,
      step: 'groups',
      why: /not 232.79.0.1: some member/,
    });
    const { h1, h2 } = await counted(async () => {
      await on('h1').say({ to: group, tag: 'wanted', count: COUNT, rate: RATE });
      await heardBy(['h2', 'h2-b'], on('h1'), 'wanted');
      await on('h1-b').say({ to: group, tag: 'unwanted', count: COUNT, rate: RATE });
      await heardBy(['h2-b'], on('h1-b'), 'unwanted');
    });
    expect(await on('h2').heard('unwanted')).toEqual([]);
    expect([h1?.grouped, h2?.copied]).toEqual([2 * COUNT, 0]);
    await on('h2').leave(group, { source: on('h1').container.ip });
    await fastGroup(host('h2'), { group, members: 1, hosts: 0 });
    await on('h2-b').leave(group);
    await fastGroup(host('h1'), { group, members: 0, hosts: 0 });
  });

  it('each packet is counted once, whichever way it goes', async () => {
    const [slow, both] = ['232.79.0.2', '239.77.0.2'];
    const { ip } = on('h1').container;
    await on('h2').join(slow, { source: ip });
    await on('h2').join(both);
    await fastGroup(host('h1'), { group: both, members: 0, hosts: 1 });
    for (const it of [GROUP, both]) await takesFast('h1', it);
    const before = await metrics(host('h1'));
    const before2 = await metrics(host('h2'));
    const { h1 } = await counted(async () => {
      for (const [group, tag] of [
        [GROUP, 'count'],
        [slow, 'count-slow'],
      ] as const) {
        await on('h1').say({ to: group, tag, count: COUNT, rate: RATE });
        await heardBy(['h2'], on('h1'), tag);
      }
      // A member beside the sender that comes meanwhile makes it the bridge's for a second.
      const said = on('h1').say({ to: both, tag: 'count-both', count: 5 * COUNT, rate: RATE });
      await until(async () => (await on('h2').heard('count-both')).length > 0 || undefined, {
        what: 'the first packet',
        timeoutMs: 5_000,
      });
      await on('h1-c').join(both);
      await said;
      await heardBy(['h2'], on('h1'), 'count-both', 5 * COUNT);
    });
    expect(h1?.grouped).toBeGreaterThan(COUNT);
    expect(h1?.grouped).toBeLessThan(6 * COUNT);
    const after = await metrics(host('h1'));
    const since = (name: string, ...labels: string[]) =>
      sumOf(after, name, labels) - sumOf(before, name, labels);
    const sent = (group: string) =>
      since('castnet_group_sent_packets_total', `group="${group}"`, 'container="fg-h1"');
    expect([GROUP, slow, both].map(sent)).toEqual([COUNT, COUNT, 5 * COUNT]);
    // Of small packets each is as large: what the container's Ethernet header is counted with.
    const bytes = since('castnet_group_sent_bytes_total', `group="${both}"`);
    const each = bytes / (5 * COUNT);
    expect(each).toBeGreaterThan(14 + 28 + 10);
    expect(each).toBeLessThan(14 + 28 + 50);
    const tunnel = since('castnet_tunnel_sent_packets_total', `network="${NET}"`);
    // A copy for each of two hosts of the first group, for one of the others.
    expect(tunnel).toBeGreaterThanOrEqual(8 * COUNT);
    expect(tunnel).toBeLessThan(8 * COUNT + 100);
    const host2 = since('castnet_fast_path_sent_packets_total', `host="${host('h2').address}"`);
    expect(host2).toBe(h1?.grouped);
    expect(since('castnet_fast_path_dropped_packets_total')).toBe(0);
    // Of two members one is given the packet itself and one a copy, by ways that count otherwise.
    const after2 = await metrics(host('h2'));
    const received = (name: string) => {
      const of = (text: string) =>
        sumOf(text, 'castnet_container_received_packets_total', [`container="${name}"`]);
      return of(after2) - of(before2);
    };
    for (const [name, count] of [
      ['fg-h2', 7 * COUNT],
      ['fg-h2-b', COUNT],
    ] as const) {
      expect(received(name), name).toBeGreaterThanOrEqual(count);
      expect(received(name), name).toBeLessThan(count + 100);
    }
    await on('h1-c').leave(both);
    await on('h2').leave(both);
    await on('h2').leave(slow, { source: ip });
  });

  it('castnet groups names the sender, and its rate', async () => {
    await on('h1').stream({ to: GROUP, tag: 'rate', rate: RATE });
    const { groups } = await groupsTable(host('h2'));
    await heardWhole(['h2'], on('h1'), 'rate');
    const found = groups.find((it) => it.group === GROUP);
    expect(found?.senders.map((it) => it.source)).toEqual([on('h1').container.ip]);
    expect(found?.packetsPerSecond).toBeGreaterThan(0.8 * RATE);
    expect(found?.packetsPerSecond).toBeLessThan(1.2 * RATE);
  });

  it('a container that is killed takes nothing from its neighbour', async () => {
    await on('h1').stream({ to: GROUP, tag: 'dies', rate: RATE });
    await until(async () => ((await on('h2').heard('dies'))[0]?.count ?? 0) > 100 || undefined, {
      what: 'the stream',
      timeoutMs: 5_000,
    });
    const { id } = on('h2-b').container;
    await host('h2').docker(['kill', id]);
    await fastGroup(host('h2'), { group: GROUP, members: 1, hosts: 2 });
    await heardWhole(['h1-b', 'h2', 'h3'], on('h1'), 'dies');
  });

  it('of 15 groups each goes its own way, and none is left when nobody wants them', async () => {
    const groups = Array.from({ length: 15 }, (_, at) => `239.78.0.${at + 1}`);
    for (const it of groups) await on('h2').join(it);
    await until(async () => (await fastGroups(host('h1'))).length === 16 || undefined, {
      what: '16 groups at h1',
      timeoutMs: 10_000,
    });
    for (const it of groups) await on('h1').say({ to: it, tag: it, count: 3 });
    for (const it of groups) await heardBy(['h2'], on('h1'), it, 3);
    for (const it of groups) await on('h2').leave(it);
    await until(async () => (await fastGroups(host('h1'))).length === 1 || undefined, {
      what: 'one group at h1',
      timeoutMs: 10_000,
    });
  });

  it('who asks as a router does gets every group, so the bridge has them again', async () => {
    await sendFrames(on('h1-c').container, [igmpQuery(on('h1-c').container.ip)]);
    const { h1 } = await counted(async () => {
      await on('h1').say({ to: GROUP, tag: 'router', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h2', 'h3'], on('h1'), 'router');
    });
    expect(h1?.grouped).toBe(0);
  });
});

describe('over IPv6', () => {
  const NET6 = 'fast-groups6';
  const GROUP6 = 'ff15::77:1';
  const ETH0 = { interface: '::%eth0' };
  beforeAll(() =>
    createNetwork(lab(), NET6, ['--opt', 'ipv6=fd00:77::/64', '--subnet', '10.177.0.0/24']).then(
      () => start(NET6, { family: 'udp6' }),
    ),
  );
  afterAll(() => removeAll(NET6));

  it('what a container says goes to members beside it and on both other hosts, once each', async () => {
    for (const it of stations) await it.sendBy('::%eth0');
    for (const it of ['h1-b', 'h2', 'h2-b', 'h3']) await on(it).join(GROUP6, ETH0);
    await fastGroup(host('h1'), { group: GROUP6, members: 1, hosts: 2 });
    await fastGroup(host('h2'), { group: GROUP6, members: 2, hosts: 2 });
    await takesFast('h1', GROUP6);
    await takesFast('h2', GROUP6);
    const { h1, h2 } = await counted(async () => {
      await on('h1').say({ to: GROUP6, tag: 'six', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h2', 'h2-b', 'h3'], on('h1'), 'six');
      await on('h3').say({ to: GROUP6, tag: 'six-h3', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h2', 'h2-b'], on('h3'), 'six-h3');
    });
    expect(h1).toMatchObject({ grouped: COUNT, copied: COUNT });
    expect(h2).toMatchObject({ copied: 2 * COUNT });
  });

  it('who joins beside the sender hears it at once, while the agent sleeps', async () => {
    await asleep(host('h1'), async () => {
      await on('h1-c').join(GROUP6, ETH0);
      await until(
        async () => {
          const rows = await inCastnet(host('h1'), ['bridge', 'mdb', 'show']);
          const here = rows.split('\n').filter((it) => it.includes(`${GROUP6} `));
          return here.length >= 3 || undefined;
        },
        { what: 'the bridge knowing the new member', timeoutMs: 5_000 },
      );
      await on('h1').say({ to: GROUP6, tag: 'new6', count: COUNT, rate: RATE });
      await heardBy(['h1-b', 'h1-c', 'h2', 'h3'], on('h1'), 'new6');
    });
    await fastGroup(host('h1'), { group: GROUP6, members: 2, hosts: 2 });
  });
});
