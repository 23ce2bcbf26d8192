/** What lies between the hosts takes less from one moment to the next, while containers run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeContainers, runContainer } from '../kit/stack.ts';
import { closeStations, Station } from '../kit/station.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { useCrew } from './support/crew.ts';
import { groupReady } from './support/group.ts';
import { inNetwork } from './support/inside.ts';
import { useLab } from './support/lab.ts';
import { carried, hearEachOther, lowerTo, SIZE } from './support/underlay-mtu.ts';

const GROUP = '239.71.0.1';
/** The same in IPv6, whose sender names the interface. */
const SIX = { group: 'ff05::71', to: 'ff05::71%eth0', by: { interface: '::%eth0' } };

const lab = useLab('mtu', { hosts: 2, managers: 1 });
const plain = useCrew(lab, { network: 'mtu-plain', each: 1 });
const set = useCrew(lab, { network: 'mtu-set', each: 1, args: ['--opt', 'mtu=1450'] });
const secret = useCrew(lab, {
  ...{ network: 'mtu-secret', each: 1, args: ['--opt', 'encrypted'] },
});
const six = useCrew(lab, {
  ...{ network: 'mtu-six', each: 1, family: 'udp6' },
  args: ['--opt', 'ipv6=fd00:71::/64', '--subnet', '10.171.0.0/24'],
});
const fresh: Station[] = [];

const crews = [
  ['mtu is not set', plain],
  ['mtu is set', set],
  ['the packets are encrypted', secret],
] as const;

beforeAll(async () => {
  for (const [, { all }] of crews) {
    for (const it of all()) await it.join(GROUP);
    await groupReady(all(), GROUP);
  }
  for (const it of six.all()) await it.join(SIX.group, SIX.by);
  await groupReady(six.all(), SIX.to);
});
afterAll(async () => {
  await closeStations(fresh);
  await removeContainers(fresh.map((it) => it.container));
  await lowerTo(lab(), 1500);
});

it('a stream of 1400 bytes goes on arriving while the hosts’ interfaces fall from 1500 to 1400', async () => {
  const [from, at] = plain.all() as [Station, Station];
  await from.stream({ to: GROUP, tag: 'through', size: SIZE, rate: 50 });
  await lowerTo(lab(), 1400);
  await carried(lab(), 1350);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const sent = await from.stop('through');
  const { count } = await at.hears(from, { tag: 'through', count: sent - 5 });
  // Between two commands of this test one host sends more than the other's interface takes.
  expect(count).toBeGreaterThan(sent - 15);
});

describe.each(crews)('on a network of which %s', (what, { all }) => {
  it('multicast of 1400 bytes goes on arriving', async () => {
    await hearEachOther(all(), { to: GROUP, tag: `after-${what.replaceAll(' ', '-')}` });
  });
});

it('IPv6 multicast of 1400 bytes goes on arriving', async () => {
  await hearEachOther(six.all(), { to: SIX.to, tag: 'after-six' });
});

it('running containers send no more than the tunnel carries, and keep their links', async () => {
  for (const { container } of plain.all()) {
    const route = () => inNetwork(container, ['ip', 'route', 'get', GROUP]);
    await until(async () => (await route()).includes('mtu 1350') || undefined, {
      what: 'a route with an MTU',
      timeoutMs: 5_000,
    });
    const shown = await inNetwork(container, ['ip', 'link', 'show', 'dev', 'eth0']);
    expect(shown).toContain(' mtu 1450 ');
  }
});

it('a new container gets 1350 and hears 1400 bytes of the old ones', async () => {
  for (const host of lab().hosts) {
    const spec = { network: 'mtu-plain', name: `mtu-fresh-${host.name}` };
    const station = await Station.start(await runContainer(host, spec));
    fresh.push(station);
    await station.join(GROUP);
    const shown = await inNetwork(station.container, ['ip', 'link', 'show', 'dev', 'eth0']);
    expect(shown).toContain(' mtu 1350 ');
  }
  const everyone = [...plain.all(), ...fresh];
  await groupReady(everyone, GROUP);
  await hearEachOther(everyone, { to: GROUP, tag: 'with-new-ones' });
});

it('castnet doctor names the containers with another MTU, and the network that was made for more', async () => {
  const told = [
    ...plain.all().map((it) => it.container.name),
    'have links of 1450 bytes, new containers get 1350',
    'network mtu-set was made with mtu=1450',
  ];
  await until(
    async () => {
      const { stdout } = await castnetOn(lab().host('h1'), ['doctor']);
      if (told.every((it) => stdout.includes(it))) return true;
      throw new Error(stdout);
    },
    // An agent hears the containers' names from Docker within 5 s, and looks at links every 20 s.
    { what: 'a doctor that names them', timeoutMs: 30_000, everyMs: 500 },
  );
});

it('when the hosts’ interfaces take 1500 again, so does everything', async () => {
  await lowerTo(lab(), 1500);
  await carried(lab(), 1450);
  const [{ container }] = plain.all() as [Station];
  await until(
    async () =>
      !(await inNetwork(container, ['ip', 'route', 'get', GROUP])).includes('mtu') || undefined,
    { what: 'a route without an MTU', timeoutMs: 5_000 },
  );
  await hearEachOther(plain.all(), { to: GROUP, tag: 'as-before' });
});
