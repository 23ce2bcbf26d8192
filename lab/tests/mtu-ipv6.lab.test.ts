/**
 * As mtu.lab.test.ts, with tunnels over IPv6: there the kernel makes no fragments of a tunnel's packet, so
 * nothing larger than the tunnel carries may be sent at all.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeContainers, runContainer } from '../kit/stack.ts';
import { closeStations, Station } from '../kit/station.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { useCrew } from './support/crew.ts';
import { groupReady } from './support/group.ts';
import { inNetwork } from './support/inside.ts';
import { useLab } from './support/lab.ts';
import { carried, hearEachOther, lowerTo, SIZE } from './support/underlay-mtu.ts';

const lab = useLab('mtu6', { hosts: 2, managers: 1, underlay: 'ipv6' });
const four = { group: '239.71.0.6', to: '239.71.0.6', by: {} };
const six = { group: 'ff05::72', to: 'ff05::72%eth0', by: { interface: '::%eth0' } };
const plain = useCrew(lab, { network: 'mtu6-plain', each: 1 });
const set = useCrew(lab, { network: 'mtu6-set', each: 1, args: ['--opt', 'mtu=1430'] });
const inside = useCrew(lab, {
  ...{ network: 'mtu6-six', each: 1, family: 'udp6' },
  args: ['--opt', 'ipv6=fd00:72::/64', '--subnet', '10.172.0.0/24'],
});
const crews = [
  ['IPv4, mtu is not set', plain, four],
  ['IPv4, mtu is set', set, four],
  ['IPv6', inside, six],
] as const;
const fresh: Station[] = [];

beforeAll(async () => {
  for (const [, { all }, { group, to, by }] of crews) {
    for (const it of all()) await it.join(group, by);
    await groupReady(all(), to);
  }
});
afterAll(async () => {
  await closeStations(fresh);
  await removeContainers(fresh.map((it) => it.container));
});

it('a stream of 1400 bytes is back within seconds when the hosts’ interfaces fall from 1500 to 1400', async () => {
  const [from, at] = plain.all() as [Station, Station];
  await from.stream({ to: four.to, tag: 'through', size: SIZE, rate: 50 });
  await lowerTo(lab(), 1400);
  await carried(lab(), 1330);
  const said = async () => (await at.heard('through'))[0]?.count ?? 0;
  const before = await said();
  await until(async () => (await said()) > before + 20 || undefined, {
    what: 'the stream going on',
    timeoutMs: 5_000,
  });
  await from.stop('through');
});

it.each(crews)('%s: multicast of 1400 bytes goes on arriving', async (what, { all }, { to }) => {
  await hearEachOther(all(), { to, tag: `after-${what.replaceAll(' ', '-')}` });
});

it('running containers send no more than the tunnel carries, also where mtu is set', async () => {
  for (const { container } of [...plain.all(), ...set.all()]) {
    const route = () => inNetwork(container, ['ip', 'route', 'get', four.group]);
    await until(async () => (await route()).includes('mtu 1330') || undefined, {
      what: `a route with an MTU in ${container.name}`,
      timeoutMs: 5_000,
    });
  }
});

it('a new container gets 1330 and hears the old ones, also where mtu is set', async () => {
  for (const [network, { all }] of [
    ['mtu6-plain', plain],
    ['mtu6-set', set],
  ] as const) {
    const host = lab().host('h2');
    const container = await runContainer(host, { network, name: `${network}-fresh` });
    const station = await Station.start(container);
    fresh.push(station);
    await station.join(four.group);
    expect(await inNetwork(container, ['ip', 'link', 'show', 'dev', 'eth0'])).toContain(
      ' mtu 1330 ',
    );
    await groupReady([...all(), station], four.to);
    await hearEachOther([...all(), station], { to: four.to, tag: `new-${network}` });
  }
});

it('castnet doctor says that mtu is more than the tunnels carry, and what is lost', async () => {
  const { stdout } = await castnetOn(lab().host('h1'), ['doctor']);
  expect(stdout).toContain('network mtu6-set was made with mtu=1430');
  expect(stdout).toContain('which are lost');
});

it('when the hosts’ interfaces take 1500 again, so does everything', async () => {
  await lowerTo(lab(), 1500);
  await carried(lab(), 1430);
  for (const [, { all }, { to }] of crews) {
    const [{ container }] = all() as [Station];
    await until(
      async () =>
        !(await inNetwork(container, ['ip', 'route', 'get', '239.9.9.9'])).includes('mtu') ||
        undefined,
      { what: 'a route without an MTU', timeoutMs: 5_000 },
    );
    await hearEachOther(all(), { to, tag: `as-before-${container.name}` });
  }
});
