/** Encrypted networks between hosts that reach each other over IPv6, and on hosts that can have none. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostReport } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import { nextPackage, upgradeFrom, withoutEncryption } from '../kit/next-package.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useLab } from './support/lab.ts';
import { refusal } from './support/refusal.ts';
import { Wiretap } from './support/wiretap.ts';

const GROUP = '239.90.1.6';
const CANARY = 'kanarienvogel';
/** 1500 less 80 of WireGuard and 70 of VXLAN, both over IPv6. */
const MTU = 1350;

const lab = useLab('encrypted6', { hosts: 2, managers: 1, underlay: 'ipv6' });
let stations: Station[] = [];
const containers: Container[] = [];

beforeAll(async () => {
  await createNetwork(lab(), 'secret', ['--opt', 'encrypted=true', '--opt', 'ipv6=fd00:90::/64']);
});
afterAll(async () => {
  await closeStations(stations);
  await removeContainers(containers);
});

/** Docker may have tried once more before it heard that the service is gone. */
async function hasNoNetwork(host: LabHost): Promise<void> {
  const look = async () => (await hostReport(host)).networks.length === 0 || undefined;
  await until(look, { what: `no network at ${host.name}`, timeoutMs: 20_000 });
}

it('a host with neither WireGuard nor the program refuses the network, and says why', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  const id = (await h2.docker(['plugin', 'inspect', '-f', '{{.Id}}', 'castnet:latest'])).trim();
  const program = `/var/lib/docker/plugins/${id}/rootfs/usr/bin/wireguard-go`;
  await h2.exec(['mv', program, `${program}.away`]);
  const words = await refusal(lab(), h2, 'secret').finally(() =>
    h2.exec(['mv', `${program}.away`, program]),
  );
  // A kernel that has WireGuard needs no program.
  if (words === '') return;
  expect(words).toContain('this kernel has no WireGuard');
  await hasNoNetwork(h2);
  expect((await hostReport(h2)).encryption).toBe('none');
});

it('a host of a release without encryption refuses the network, and its plain ones go on', async () => {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  const old = await nextPackage({ build: 'before-encryption', change: withoutEncryption });
  try {
    expect(await upgradeFrom(old, h2)).toContain('before-encryption');
  } finally {
    await rm(old, { recursive: true, force: true });
  }
  const tap = await Wiretap.start(h1, CANARY);
  const alone = await runContainer(h1, { network: 'secret', name: `secret-${h1.name}` });
  containers.push(alone);
  expect(await refusal(lab(), h2, 'secret')).toContain('unknown option');
  expect((await hostReport(h2)).networks).toEqual([]);

  await createNetwork(lab(), 'plain');
  const both = lab().hosts.map((it) => ({ host: it, network: 'plain', name: `plain-${it.name}` }));
  const plain = await Promise.all(both.map(({ host, ...what }) => runContainer(host, what)));
  const started = await startStations([...plain, alone]);
  const [on1, on2, speaker] = started as [Station, Station, Station];
  const heard = [on1, on2];
  for (const it of heard) await it.join(GROUP);
  await groupReady(heard, GROUP);
  await speaker.say({ to: '255.255.255.255', tag: CANARY, count: 20 });
  expect(await tap.seen()).toBe(0);
  await on1.say({ to: GROUP, tag: CANARY, count: 20 });
  await on2.hears(on1, { tag: CANARY, count: 20 });
  expect(await tap.seen()).toBe(20);
  await tap.stop();
  await closeStations(started);
  await removeContainers(plain);
  await removeNetwork(lab(), 'plain');
  expect(await upgradeFrom(ROOT, h2)).not.toContain('Nothing to do');
});

it('everything reaches every container once, and no link between the hosts shows a word of it', async () => {
  // The first one is there since before the other host had this release.
  for (const host of lab().hosts.slice(containers.length)) {
    containers.push(await runContainer(host, { network: 'secret', name: `secret-${host.name}` }));
  }
  await settled(lab(), 'secret');
  stations = await startStations(containers);
  for (const it of stations) await it.join(GROUP);
  await groupReady(stations, GROUP);
  const taps = await Promise.all(lab().hosts.map((it) => Wiretap.start(it, CANARY)));
  for (const [kind, to] of [
    ['multicast', GROUP],
    ['broadcast', '255.255.255.255'],
  ] as const) {
    const tag = `${CANARY}-${kind}`;
    await Promise.all(stations.map((it) => it.say({ to, tag, count: 5 })));
    expect(await settledPairs(stations, { tag, count: 5 })).toEqual(everyPair(stations, 5));
  }
  for (const tap of taps) {
    expect(await tap.seen(), tap.host.name).toBe(0);
    await tap.stop();
  }
});

it('a packet as large as the containers may send passes whole, of IPv4 and of IPv6', async () => {
  const [from, to] = containers as [Container, Container];
  const mtu = (await hostReport(from.host)).networks.map((it) => it.mtu);
  expect(mtu).toEqual([MTU]);
  const ping = async (address: string, header: number) => {
    const size = ['-M', 'do', '-s', String(MTU - header)];
    const argv = ['exec', from.id, 'ping', '-c', '2', '-i', '0.2', ...size, address];
    await from.host.docker(argv);
  };
  await ping(to.ip, 28);
  const six = `fd00:90::${to.ip
    .split('.')
    .map((it) => Number(it).toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{4})/, '$1:')}`;
  // The first one may wait for its neighbour.
  await until(async () => ping(six, 48).then(() => true), {
    what: `a ping of ${six}`,
    timeoutMs: 10_000,
    everyMs: 200,
  });
});
