/** `castnet expose`: a host's own address on a network, spoken with by containers of all hosts. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentPid, healthy, hostReport, killAgent, plan } from '../kit/agent.ts';
import { IMAGE, RUN_MOUNTS } from '../kit/containers.ts';
import { footprint } from '../kit/kernel.ts';
import { nextPackage, upgradeFrom } from '../kit/next-package.ts';
import {
  type Container,
  createNetwork,
  networkGone,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import { droppedVxlan, sendVxlan } from '../kit/vxlan-attack.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, type RunResult, until } from '../run.ts';
import { castnetJson, castnetOn } from './support/command.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { inNetwork } from './support/inside.ts';
import { useLab } from './support/lab.ts';

const SUBNET = '10.77.0';
/** What h1 asks for. */
const OWN = `${SUBNET}.250`;
const GROUP = '239.77.7.7';
const LINK_LOCAL = '224.0.0.207';
const COUNT = 3;

// h3 is a worker, and has no container on the network.
const lab = useLab('expose', { hosts: 3 });
const h = (name: string): LabHost => lab().host(name);
let containers: Container[] = [];
/** Containers, and the hosts themselves. */
let [inside, hosts]: [Station[], Station[]] = [[], []];
let before: string[] = [];
let link = '';

const expose = (host: string, ...args: string[]): Promise<RunResult> =>
  castnetOn(h(host), ['expose', ...args]);

async function exposed(host: string, ...args: string[]): Promise<string> {
  const { status, stderr } = await expose(host, ...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const { value } = await castnetJson(h(host), 'expose');
  return value.addresses.find((it) => it.network === args[0])?.address.split('/')[0] ?? '';
}

async function refused(host: string, ...args: string[]): Promise<string> {
  const { status, stderr } = await expose(host, ...args);
  expect(status, stderr).not.toBe(0);
  return stderr;
}

const pings = async (from: Container, argv: string[]): Promise<boolean> =>
  inNetwork(from, ['ping', '-c', '1', '-W', '1', ...argv]).then(
    () => true,
    () => false,
  );

async function dropped(host: LabHost): Promise<number> {
  const argv = ['nft', 'list', 'counter', 'inet', 'castnet', 'not-for-this-host'];
  return Number(/packets (\d+)/.exec(await mustRun(host.enter(argv)))?.[1]);
}

beforeAll(async () => {
  const node = await h('h3').docker(['info', '--format', '{{.Swarm.NodeID}}']);
  await h('h1').docker(['node', 'demote', node.trim()]);
  before = await footprint(h('h2'));
  await createNetwork(lab(), 'mynet', ['--subnet', `${SUBNET}.0/24`]);
  containers = await Promise.all(
    ['h1', 'h2'].map((name) => runContainer(h(name), { network: 'mynet', name: `in-${name}` })),
  );
  link = `castnet${await vniOf(lab(), 'mynet')}`;
});
afterAll(() => closeStations([...inside, ...hosts]));

it('gives a host the address that it asks for, and others one of Docker’s choice', async () => {
  const own = [
    await exposed('h1', 'mynet', `${OWN}/24`, '--alias', 'first-host'),
    await exposed('h2', 'mynet'),
    await exposed('h3', 'mynet'),
  ];
  expect(own[0]).toBe(OWN);
  const all = [...own, ...containers.map((it) => it.ip)];
  expect(new Set(all).size).toBe(5);
  for (const it of all) expect(it.startsWith(`${SUBNET}.`)).toBe(true);
  hosts = await Promise.all(own.map((ip, at) => Station.onHost(h(`h${at + 1}`), ip)));
  inside = await startStations(containers);
  for (const it of hosts) await it.sendBy(it.container.ip);
  for (const group of [GROUP, LINK_LOCAL]) {
    for (const it of inside) await it.join(group);
    for (const it of hosts) await it.join(group, { interface: it.container.ip });
  }
  await groupReady([...inside, ...hosts], GROUP);
}, 120_000);

it.each([
  ['multicast', GROUP],
  ['link-local multicast', LINK_LOCAL],
  ['broadcast', `${SUBNET}.255`],
])('%s reaches every host and container from every other, once', async (kind, to) => {
  const all = [...inside, ...hosts];
  const tag = kind.replaceAll(' ', '-');
  await Promise.all(all.map((it) => it.say({ to, tag, count: COUNT })));
  expect(await settledPairs(all, { tag, count: COUNT })).toEqual(everyPair(all, COUNT));
});

it('unicast reaches every host and container from every other, once', async () => {
  const all = [...inside, ...hosts];
  for (const from of all) {
    const others = all.filter((it) => it !== from);
    const say = (to: Station) => from.say({ to: to.container.ip, tag: 'unicast', count: COUNT });
    await Promise.all(others.map(say));
  }
  const heard = await settledPairs(all, { tag: 'unicast', count: COUNT });
  expect(heard).toEqual(everyPair(all, COUNT));
});

it('a program that names no interface hears and says a group that is routed there', async () => {
  const group = '239.77.7.9';
  const other = inside[1] as Station;
  await h('h1').exec(['ip', 'route', 'add', `${group}/32`, 'dev', link]);
  const plain = await Station.onHost(h('h1'), OWN);
  await plain.join(group);
  await other.join(group);
  await groupReady([plain, other], group);
  await plain.close();
  await h('h1').exec(['ip', 'route', 'del', `${group}/32`]);
});

it('255.255.255.255 of a container reaches every host', async () => {
  const from = inside[1] as Station;
  await from.say({ to: '255.255.255.255', tag: 'all', count: COUNT });
  for (const it of hosts) await it.hears(from, { tag: 'all', count: COUNT });
});

it('a container finds the host by its alias', async () => {
  expect(await (inside[1] as Station).resolve('first-host')).toEqual([OWN]);
});

it('a group goes to a host only while it has joined it', async () => {
  const [, , third] = hosts as [Station, Station, Station];
  const group = '239.77.7.8';
  await third.join(group, { interface: third.container.ip });
  const told = async (): Promise<string[]> => {
    const { networks } = await hostReport(h('h3'));
    return networks.flatMap((it) => it.groups.map(({ group: its }) => its));
  };
  await until(async () => (await told()).includes(group) || undefined, {
    what: 'the membership of h3',
    timeoutMs: 5_000,
  });
  await third.leave(group, { interface: third.container.ip });
  await until(async () => !(await told()).includes(group) || undefined, {
    what: 'its end',
    timeoutMs: 5_000,
  });
});

describe('is shown', () => {
  it('by expose alone', async () => {
    const { value } = await castnetJson(h('h1'), 'expose');
    expect(value).toMatchObject({
      changed: false,
      addresses: [{ network: 'mynet', address: `${OWN}/24`, interface: link }],
      stopped: [],
    });
  });

  it('by status, endpoints and doctor', async () => {
    const said = await Promise.all(
      ['status', 'endpoints', 'doctor'].map((it) => castnetOn(h('h1'), [it])),
    );
    for (const { stdout } of said) expect(stdout).toContain(`${OWN}/24`);
    expect(said[2]?.status, said[2]?.stdout).toBe(0);
    expect(said[1]?.stdout).toContain(`this host, ${link}`);
  });

  it('by a plan with the reason, while it is not as it must be', async () => {
    await h('h1').exec(['ip', 'link', 'set', 'dev', link, 'mtu', '1300']);
    const [step] = await plan(h('h1'));
    await h('h1').exec(['ip', 'link', 'set', 'dev', link, 'mtu', '1450']);
    expect(step).toContain(`the host’s own link ${link} with ${OWN}/24, MTU 1450`);
    expect(step).toContain('because ');
    expect(await plan(h('h1'))).toEqual([]);
  });
});

describe('stays', () => {
  const isThere = async (): Promise<void> => {
    await healthy(lab());
    const from = inside[1] as Station;
    const tag = `after-${performance.now()}`;
    await from.say({ to: OWN, tag, count: COUNT });
    await (hosts[0] as Station).hears(from, { tag, count: COUNT });
  };

  it('while the agent is dead, and with the next one', async () => {
    const shown = await mustRun(h('h1').enter(['ip', '-o', 'link', 'show', 'dev', link]));
    await killAgent(h('h1'));
    await isThere();
    expect(await mustRun(h('h1').enter(['ip', '-o', 'link', 'show', 'dev', link]))).toBe(shown);
  });

  it('when the plugin is upgraded', async () => {
    const next = await nextPackage();
    try {
      await upgradeFrom(next, h('h1'));
    } finally {
      await rm(next, { recursive: true, force: true });
    }
    await until(async () => agentPid(h('h1')), { what: 'the agent', timeoutMs: 20_000 });
    await isThere();
  }, 120_000);

  it('when a person takes the interface away', async () => {
    await h('h1').exec(['ip', 'link', 'del', 'dev', link]);
    await until(
      async () =>
        (await h('h1').exec(['ip', 'link', 'show', 'dev', link])).status === 0 || undefined,
      { what: 'the interface', timeoutMs: 10_000 },
    );
    await isThere();
  });

  it('when the Engine starts anew', async () => {
    await h('h1').killEngine('SIGTERM');
    await h('h1').startEngine();
    await h('h1').waitEngine();
    await until(
      async () => {
        const now = await exposedNow('h1');
        if (now === `${OWN}/24`) return now;
        const holder = ['inspect', '-f', '{{json .State}}', 'castnet-expose-mynet'];
        throw new Error(`${now}; its holder is ${(await h('h1').docker(holder)).trim()}`);
      },
      // On a busy machine Docker gives the holder up, and the agent starts it again.
      { what: 'the address after the Engine’s start', timeoutMs: 90_000 },
    );
  }, 180_000);
});

async function exposedNow(host: string): Promise<string | undefined> {
  const report = await hostReport(h(host));
  return report.networks.flatMap((it) => it.endpoints).find((it) => it.exposed)?.address;
}

describe('lets nobody further in', () => {
  it('a container reaches no other address of the host by it', async () => {
    const from = containers[1] as Container;
    await inNetwork(from, ['ip', 'route', 'add', `${h('h1').address}/32`, 'via', OWN]);
    const count = await dropped(h('h1'));
    expect(await pings(from, [h('h1').address])).toBe(false);
    expect(await dropped(h('h1'))).toBeGreaterThan(count);
    await inNetwork(from, ['ip', 'route', 'del', `${h('h1').address}/32`]);
  });

  it('a container sends the host nothing by another’s address', async () => {
    const from = containers[1] as Container;
    await inNetwork(from, ['ip', 'address', 'add', '10.88.0.9/32', 'dev', 'lo']);
    const count = await dropped(h('h1'));
    expect(await pings(from, ['-I', '10.88.0.9', OWN])).toBe(false);
    expect(await dropped(h('h1'))).toBeGreaterThan(count);
  });

  it('the host passes nothing of others on to the network’s containers', async () => {
    const run = ['run', '-d', ...RUN_MOUNTS, '--network', 'bridge', IMAGE, 'sleep', 'infinity'];
    const id = (await h('h1').docker(run)).trim();
    const count = await dropped(h('h1'));
    const ping = ['exec', id, 'ping', '-c', '1', '-W', '1', containers[1]?.ip ?? ''];
    await expect(h('h1').docker(ping)).rejects.toThrow();
    await h('h1').docker(['rm', '-f', id]);
    expect(await dropped(h('h1'))).toBeGreaterThan(count);
  });

  it('VXLAN to its address is dropped', async () => {
    const count = await droppedVxlan(h('h1'));
    const head = Buffer.from([8, 0, 0, 0, 0x7a, 0x12, 0x01, 0]);
    await sendVxlan(containers[1] as Container, OWN, Buffer.concat([head, Buffer.alloc(60)]));
    await until(async () => (await droppedVxlan(h('h1'))) >= count + 20 || undefined, {
      what: 'twenty packets dropped',
      timeoutMs: 5_000,
    });
  });
});

describe('is refused', () => {
  it.each([
    ['h1', ['nosuch'], 'there is no network "nosuch" in this Swarm'],
    ['h3', ['nosuch'], 'there is no network "nosuch" in this Swarm'],
    ['h1', ['bridge'], 'network bridge is not castnet’s: its driver is bridge'],
    ['h1', ['mynet', `${SUBNET}.251`], `this host has ${OWN}/24 on mynet already`],
    ['h1', ['mynet', '10.77.1.5'], '10.77.1.5 is outside of mynet, which is 10.77.0.0/24'],
    ['h1', ['mynet', 'ten'], '"ten" is not an IPv4 address'],
    ['h1', ['mynet', 'fd00::5'], 'fd00::5 is an IPv6 address'],
    ['h1', ['--remove'], 'no network was given'],
    ['h1', ['nosuch', '--remove'], 'this host has no address on nosuch; it has one on: mynet'],
  ])('on %s: %j', async (host, args, words) => {
    expect(await refused(host, ...args)).toContain(words);
  });

  it('an address of a container, of a gateway, of another prefix or of no host, and Docker is not asked', async () => {
    await exposed('h2', 'mynet', '--remove');
    const asked: [string, string][] = [
      [containers[1]?.ip ?? '', 'a container on this host has it'],
      [OWN, 'a container on host'],
      [`${SUBNET}.1`, 'is the gateway'],
      [`${SUBNET}.40/16`, 'leave out the prefix length or give /24'],
      [`${SUBNET}.255`, 'it is the first or last address'],
    ];
    for (const [address, words] of asked) {
      expect(await refused('h2', 'mynet', address)).toContain(words);
    }
    expect(await exposed('h2', 'mynet', `${SUBNET}.240`)).toBe(`${SUBNET}.240`);
  });

  it('asked twice for the same, it has it already', async () => {
    const { stdout, status } = await expose('h1', 'mynet', OWN);
    expect([status, stdout]).toEqual([0, expect.stringContaining('has already')]);
  });

  it('on a network that is not attachable', async () => {
    await h('h1').docker(['network', 'create', '-d', 'castnet:latest', 'closed']);
    expect(await refused('h1', 'closed')).toContain('network closed is not attachable');
    expect(await refused('h3', 'closed')).toContain('network closed is not attachable');
    await removeNetwork(lab(), 'closed');
  });

  it('on a subnet to which the host has a route', async () => {
    await createNetwork(lab(), 'taken', ['--subnet', '10.78.0.0/24']);
    await h('h2').exec(['ip', 'route', 'add', '10.78.0.128/25', 'dev', 'eth0']);
    expect(await refused('h2', 'taken')).toContain(
      'this host has a route to 10.78.0.128/25 by eth0, and would lose it to the network’s 10.78.0.0/24',
    );
    expect((await castnetJson(h('h2'), 'expose')).value.stopped).toEqual([]);
    await h('h2').exec(['ip', 'route', 'del', '10.78.0.128/25']);
    await removeNetwork(lab(), 'taken');
  });

  it('a container that asks for a host’s address, by Docker', async () => {
    const run = ['run', '-d', '--name', 'thief', ...RUN_MOUNTS, '--network', 'mynet', '--ip', OWN];
    await expect(h('h2').docker([...run, IMAGE, 'sleep', '1'])).rejects.toThrow('network');
    await h('h2').docker(['rm', '-f', 'thief']);
  }, 60_000);
});

it('on a network with IPv6 the host has the address that follows from its IPv4 address', async () => {
  const options = ['--subnet', '10.79.0.0/24', '--opt', 'ipv6=fd00:79::/64'];
  await createNetwork(lab(), 'six', options);
  const other = await runContainer(h('h2'), { network: 'six', name: 'six-h2' });
  await exposed('h1', 'six', '10.79.0.9');
  expect(await plan(h('h1'))).toEqual([]);
  expect(await pings(other, ['fd00:79::a4f:9'])).toBe(true);
  await exposed('h1', 'six', '--remove');
  await removeContainers([other]);
  await removeNetwork(lab(), 'six');
});

it('Docker keeps a network on which a host has an address, and lets it go after that', async () => {
  await removeContainers(containers);
  await expect(h('h1').docker(['network', 'rm', 'mynet'])).rejects.toThrow('in use');
  for (const name of ['h1', 'h2']) await exposed(name, 'mynet', '--remove');
  const uninstall = ['plugin', 'uninstall', '--force'];
  const gone = await castnetOn(h('h3'), uninstall);
  expect(gone.status, gone.stderr).toBe(0);
  await removeNetwork(lab(), 'mynet');
  await networkGone(h('h2'), 'mynet');
  await until(async () => (await footprint(h('h2'))).join() === before.join() || undefined, {
    what: 'h2 as it was before',
    timeoutMs: 10_000,
  });
  for (const host of lab().hosts) {
    expect(await host.docker(['ps', '-aq'])).toBe('');
    expect(await host.docker(['image', 'ls', '-q', 'castnet-expose'])).toBe('');
    expect(await mustRun(host.enter(['ip', '-br', 'link']))).not.toContain('castnet');
  }
}, 120_000);
