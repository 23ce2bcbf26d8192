/** What a hostile container tries on its network's others, and on networks that are not its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupsTable, hostReport } from '../kit/agent.ts';
import { arpLie, datagram, igmpQuery, ipPacket, tagged, vxlan } from '../kit/hostile-frames.ts';
import { type Container, removeContainers, runContainer } from '../kit/stack.ts';
import type { Station } from '../kit/station.ts';
import { droppedVxlan, sendVxlan } from '../kit/vxlan-attack.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { useCrew } from './support/crew.ts';
import { inNetwork, sendFrames } from './support/inside.ts';
import { useLab } from './support/lab.ts';

/** Each host's own interface is a bridge, by a name that Docker's bridges have too. */
const lab = useLab('hostile', { hosts: 2, underlay: 'bridge' });
/** As networks are, and one that looks at who sends. */
const open = useCrew(lab, { network: 'open' });
const strict = useCrew(lab, { network: 'strict', args: ['--opt', 'source-check=on'] });

/** Both on h2. */
let bad: Container;
let badStrict: Container;

beforeAll(async () => {
  bad = await runContainer(lab().host('h2'), { network: 'open', name: 'bad' });
  badStrict = await runContainer(lab().host('h2'), { network: 'strict', name: 'bad-strict' });
});
afterAll(async () => {
  await removeContainers([bad, badStrict]);
});

/** 802.1p: VID 0, which whoever gets it takes for none; and a second tag, in either order of types. */
const TAGS: [string, string[]][] = [
  ['a-priority-tag', ['8100a000']],
  ['a-service-tag', ['88a8a000']],
  ['two-tags', ['8100a000', '8100a000']],
  ['two-tags-of-kinds', ['88a8a000', '8100a000']],
];

const texts = (tag: string): string[] =>
  Array.from({ length: 20 }, (_, i) => `liar ${tag} ${i + 1}`);

/** How many packets of a tag a station heard once those sent after them have come. */
async function heardBefore(by: Station, tag: string, from: Container): Promise<number> {
  const fence = `after-${tag}`;
  await sendFrames(from, [datagram({ ip: from.ip }, by.container.ip, `honest ${fence} 1`)]);
  await until(async () => (await by.heard(fence)).length > 0 || undefined, {
    what: `the packet after "${tag}" at ${by.name}`,
    timeoutMs: 10_000,
  });
  return (await by.heard(tag)).reduce((sum, it) => sum + it.count, 0);
}

it('another container’s MAC is of no use: nothing sent from it arrives, and its owner loses nothing', async () => {
  const [owner, near, far] = [open.station('h1'), open.station('h2'), open.station('h1', 'b')];
  await near.stream({ to: owner.container.ip, tag: 'meanwhile', rate: 200 });
  for (const [of, to] of [
    [owner, near],
    [near, far],
  ] as const) {
    const { ip } = of.container;
    await sendFrames(
      bad,
      texts('mac').map((it) => datagram({ ip }, to.container.ip, it)),
    );
    expect(await heardBefore(to, 'mac', bad), `at ${to.name}`).toBe(0);
  }
  const sent = await near.stop('meanwhile');
  expect(await owner.hears(near, { tag: 'meanwhile', count: sent })).toMatchObject({ missing: [] });
});

describe('with source-check=on', () => {
  it('a packet with another container’s address does not leave', async () => {
    const [owner, near, far] = [
      strict.station('h1'),
      strict.station('h2'),
      strict.station('h1', 'b'),
    ];
    const lie = { ip: owner.container.ip, macOfIp: badStrict.ip };
    for (const to of [near, far]) {
      await sendFrames(
        badStrict,
        texts('ip').map((it) => datagram(lie, to.container.ip, it)),
      );
      expect(await heardBefore(to, 'ip', badStrict), `at ${to.name}`).toBe(0);
    }
  });

  it.each(TAGS)('nor does one with %s', async (what, tags) => {
    const [owner, near, far] = [
      strict.station('h1'),
      strict.station('h2'),
      strict.station('h1', 'b'),
    ];
    const lie = { ip: owner.container.ip, macOfIp: badStrict.ip };
    for (const to of [near, far]) {
      const frames = texts(what).map((it) => datagram(lie, to.container.ip, it));
      await sendFrames(
        badStrict,
        frames.map((it) => tagged(it, ...tags)),
      );
      expect(await heardBefore(to, what, badStrict), `at ${to.name}`).toBe(0);
    }
  });

  it('nobody believes that another’s address is at its MAC', async () => {
    const [owner, victim] = [strict.station('h1'), strict.station('h2')];
    await victim.say({ to: owner.container.ip, tag: 'before' });
    await owner.hears(victim, { tag: 'before', count: 1 });
    await sendFrames(badStrict, Array(20).fill(arpLie(owner.container.ip, badStrict.ip)));
    await heardBefore(victim, 'none', badStrict);
    const neighbours = await inNetwork(victim.container, [
      'ip',
      'neigh',
      'show',
      owner.container.ip,
    ]);
    expect(neighbours).toContain(macText(owner.container.ip));
  });

  it('it cannot ask who is a member of what, and so not silence the bridge that does', async () => {
    const before = await refused();
    await sendFrames(badStrict, Array(20).fill(igmpQuery(badStrict.ip)));
    await until(async () => ((await refused()) >= before + 20 ? true : undefined), {
      what: 'twenty more packets refused',
      timeoutMs: 10_000,
    });
  });

  it('what its containers really are is as ever: unicast, groups and broadcast', async () => {
    const [one, two] = [strict.station('h1'), strict.station('h2')];
    await two.join('239.70.0.1');
    await until(
      async () => {
        await one.say({ to: '239.70.0.1', tag: 'group' });
        return (await two.heard('group')).length > 0 || undefined;
      },
      { what: 'a packet to the group', timeoutMs: 10_000 },
    );
    await one.say({ to: two.container.ip, tag: 'unicast', count: 20 });
    await two.hears(one, { tag: 'unicast', count: 20 });
  });
});

/** On h2, each by another way onto the host's network than Docker's own bridge. */
const WAYS: Record<string, string[]> = {
  'a bridge with a name of its own': ['-o', 'com.docker.network.bridge.name=apps'],
  macvlan: [
    '-d',
    'macvlan',
    '-o',
    'parent=br-lan',
    '--subnet=10.99.0.0/24',
    '--ip-range=10.99.0.64/28',
  ],
};

describe('VXLAN packets from a container', () => {
  const outside = new Map<string, Container>();
  beforeAll(async () => {
    const host = lab().host('h2');
    outside.set('Docker’s own bridge', bad);
    for (const [at, [what, options]] of Object.entries(WAYS).entries()) {
      const [network, name] = [`way-${at}`, `bad-${at}`];
      await host.docker(['network', 'create', ...options, network]);
      outside.set(what, await runContainer(host, { network, name }));
    }
  });
  afterAll(async () => {
    await removeContainers([...outside.values()].filter((it) => it !== bad));
    for (const at of Object.keys(WAYS).keys()) {
      await lab()
        .host('h2')
        .docker(['network', 'rm', `way-${at}`]);
    }
  });

  /** An honest frame of that network, had it come through a tunnel. */
  const forged = (host: string): Buffer => {
    const ip = strict.station(host, 'b').container.ip;
    const inner = datagram({ ip }, strict.station(host).container.ip, 'liar tunnel 1');
    return vxlan(strict.vni(), inner);
  };

  it.each([
    ['Docker’s own bridge', 'h1', 'h2'],
    ['Docker’s own bridge', 'h2', 'h2'],
    ['a bridge with a name of its own', 'h1', 'h2'],
    ['a bridge with a name of its own', 'h2', 'h2'],
    // Such a container is the hosts' neighbour: who gets its packets drops them.
    ['macvlan', 'h1', 'h1'],
  ])('by %s do not reach the network of others through %s', async (way, host, dropsAt) => {
    const to = strict.station(host);
    const before = await droppedVxlan(lab().host(dropsAt));
    await sendVxlan(outside.get(way) as Container, lab().host(host).address, forged(host));
    await until(
      async () => ((await droppedVxlan(lab().host(dropsAt))) >= before + 20 ? true : undefined),
      {
        what: `twenty VXLAN packets dropped on ${dropsAt}`,
        timeoutMs: 10_000,
      },
    );
    expect(await heardBefore(to, 'tunnel', badStrict)).toBe(0);
  });

  it.each(['Docker’s own bridge', 'a bridge with a name of its own'])(
    'by %s do not reach it under the address of another host either',
    async (way) => {
      const to = strict.station('h2');
      const [from, own] = [lab().host('h1').address, lab().host('h2').address];
      const packet = ipPacket({ from, to: own, port: 4789 }, forged('h2'));
      await sendRaw(outside.get(way) as Container, own, packet);
      expect(await heardBefore(to, 'tunnel', badStrict)).toBe(0);
    },
  );

  it('that go on coming are named by status, and counted in metrics', async () => {
    const host = lab().host('h2');
    await until(
      async () => {
        await sendVxlan(bad, host.address, forged('h2'));
        const { stdout } = await castnetOn(host, ['status']);
        return stdout.includes('VXLAN packets are dropped') || Promise.reject(new Error(stdout));
      },
      // The agent looks every 20 s, and tells what two looks have found.
      { what: 'a status that names them', timeoutMs: 80_000, everyMs: 2_000 },
    );
    const { tunnelDropped } = await hostReport(host);
    expect(tunnelDropped?.notByUnderlay).toBeGreaterThanOrEqual(40);
  });

  it('a table that holds something else is written anew, and so for another port', async () => {
    const host = lab().host('h2');
    const table = async () => (await host.exec(['nft', 'list', 'table', 'inet', 'castnet'])).stdout;
    await host.exec(['nft', 'flush', 'chain', 'inet', 'castnet', 'arriving']);
    await until(async () => (await table()).includes('saddr != @hosts4') || undefined, {
      what: 'the rules again',
      timeoutMs: 30_000,
    });
    const set = async (port: string) => {
      await host.docker(['plugin', 'disable', '-f', 'castnet:latest']);
      await host.docker(['plugin', 'set', 'castnet:latest', `CASTNET_VXLAN_PORT=${port}`]);
      await host.docker(['plugin', 'enable', 'castnet:latest']);
    };
    await set('5789');
    await until(async () => (await table()).match(/udp dport 5789 /g)?.length === 4 || undefined, {
      what: 'rules of another port',
      timeoutMs: 20_000,
    });
    expect(await table()).not.toContain('udp dport 4789');
    await set('4789');
    await strict.station('h1').say({ to: strict.station('h2').container.ip, tag: 'again' });
    await until(
      async () => {
        await strict.station('h1').say({ to: strict.station('h2').container.ip, tag: 'back' });
        return (await strict.station('h2').heard('back')).length > 0 || undefined;
      },
      { what: 'packets by the old port', timeoutMs: 20_000 },
    );
  });
});

/** Sends twenty IP packets as they are. */
async function sendRaw(from: Container, address: string, packet: Buffer): Promise<void> {
  // 255 is IPPROTO_RAW.
  const program =
    'socket(S, AF_INET, SOCK_RAW, 255) or die $!;' +
    'send(S, pack("H*", $ARGV[1]), 0, sockaddr_in(0, inet_aton($ARGV[0]))) or die $! for 1 .. 20';
  const perl = ['perl', '-MSocket', '-e', program];
  await from.host.docker(['exec', from.id, ...perl, address, packet.toString('hex')]);
}

const macText = (ip: string): string =>
  `02:42:${ip
    .split('.')
    .map((it) => Number(it).toString(16).padStart(2, '0'))
    .join(':')}`;

/** Packets that the guards of the strict network dropped on h2. */
async function refused(): Promise<number> {
  const { dropped } = await groupsTable(lab().host('h2'));
  return (
    dropped.find((it) => it.network === 'strict' && it.host === lab().host('h2').address)
      ?.packets ?? 0
  );
}
