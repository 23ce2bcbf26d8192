/** Hosts whose own addresses the others do not see: 1:1 NAT, the loopback, one that comes late. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentPid, hostReport } from '../kit/agent.ts';
import { tunnelEntries } from '../kit/kernel.ts';
import { createNetwork, removeContainers, removeNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, Station } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { leaveSwarm } from '../swarm.ts';
import { castnetOn } from './support/command.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.72.0.1';
const PLUGIN = 'castnet:latest';
const lab = useLab('nat', { hosts: 2, managers: 1, underlay: 'routed' });
let stations: Station[] = [];

const publicOf = (host: LabHost): string => `203.0.113.${host.name.slice(1)}`;
const loopbackOf = (host: LabHost): string => `10.77.0.${host.name.slice(1)}`;
const router = (...argv: string[]): Promise<string> =>
  mustRun(['nsenter', '-t', String(lab().switchPid), '--net', ...argv]);

/** The router has for each host an address that the host has not, and sends it on to the host. */
async function translate(): Promise<void> {
  const pairs = lab().hosts.map((it) => [publicOf(it), it.address]);
  const rules = [
    'table ip nat {',
    ' chain in { type nat hook prerouting priority dstnat;',
    ...pairs.map(([outside, inside]) => `  ip daddr ${outside} dnat to ${inside}`),
    ' }',
    ' chain out { type nat hook postrouting priority srcnat;',
    ...pairs.map(([outside, inside]) => `  ip saddr ${inside} snat to ${outside}`),
    ' }',
    '}',
  ];
  await router('sh', '-c', `printf '%s\\n' "$0" | nft -f -`, rules.join('\n'));
}

async function leave(): Promise<void> {
  for (const host of [...lab().hosts].reverse()) await leaveSwarm(host);
}

/** @param addressOf what each host advertises */
async function formSwarmAt(
  addressOf: (host: LabHost) => string,
  also: (host: LabHost) => string[] = () => [],
): Promise<void> {
  const [h1, h2] = lab().hosts as [LabHost, LabHost];
  const own = (host: LabHost) => ['--advertise-addr', addressOf(host), ...also(host)];
  await h1.docker(['swarm', 'init', '--data-path-port', '7789', ...own(h1)], { timeoutMs: 60_000 });
  const token = (await h1.docker(['swarm', 'join-token', '-q', 'worker'])).trim();
  const line = ['swarm', 'join', '--token', token, ...own(h2), `${addressOf(h1)}:2377`];
  await h2.docker(line, { timeoutMs: 60_000 });
}

async function stationOn(host: LabHost, network: string): Promise<Station> {
  const container = await runContainer(host, { network, name: `${network}-${host.name}` });
  const station = await Station.start(container);
  await station.join(GROUP);
  stations.push(station);
  return station;
}

async function all(network: string): Promise<void> {
  await createNetwork(lab(), network);
  for (const host of lab().hosts) await stationOn(host, network);
  await groupReady(stations, GROUP);
}

async function clear(network: string): Promise<void> {
  await closeStations(stations);
  await removeContainers(stations.map((it) => it.container));
  stations = [];
  await removeNetwork(lab(), network);
}

beforeAll(async () => {
  await leave();
  await translate();
});
afterAll(() => closeStations(stations));

it('behind 1:1 NAT the advertised address is told to the others, the host’s own is bound', async () => {
  await formSwarmAt(publicOf);
  await all('nat');
  for (const host of lab().hosts) {
    const { tunnel, peers } = await hostReport(host);
    expect(tunnel, host.name).toMatchObject({ address: publicOf(host), local: host.address });
    const other = lab().hosts.find((it) => it !== host) as LabHost;
    expect(peers.map((it) => [it.address, it.state])).toEqual([[publicOf(other), 'up']]);
    const ways = (await tunnelEntries(host)).map((it) => it.to).filter((it) => it !== '0.0.0.0');
    expect([...new Set(ways)]).toEqual([publicOf(other)]);
    // Only a manager's Engine knows the Swarm's port; it is asked every 20 seconds.
    const words = '--data-path-port 7789';
    await until(
      async () => {
        const { stdout } = await castnetOn(host, ['status']);
        return stdout.includes(words) || Promise.reject(new Error(stdout));
      },
      { what: `${host.name}: ${words}`, timeoutMs: 25_000, everyMs: 500 },
    );
  }
  const probe = await castnetOn(lab().host('h1'), ['probe', 'nat']);
  expect(probe.status, probe.stdout).toBe(0);
  for (const host of lab().hosts) {
    const doctor = await castnetOn(host, ['doctor']);
    expect(doctor.status, doctor.stdout).toBe(0);
    expect(doctor.stdout).toContain('--data-path-port 7789');
  }
});

it('a worker that shares no network with a manager names the Swarm’s port too', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  await clear('nat');
  // Whom the doctor had meet each other they count as peers for half a minute.
  for (const host of lab().hosts) {
    await until(async () => (await hostReport(host)).peers.length === 0 || undefined, {
      what: `${host.name} without peers`,
      timeoutMs: 60_000,
    });
  }
  await restart(h2, []);
  await until(
    async () => {
      const { stdout } = await castnetOn(h2, ['status']);
      return stdout.includes('--data-path-port 7789') || Promise.reject(new Error(stdout));
    },
    { what: 'the Swarm’s port', timeoutMs: 60_000, everyMs: 500 },
  );
});

it('with both settings, what is told and what is bound are as set', async () => {
  const [h1] = lab().hosts as [LabHost];
  await restart(h1, [
    `CASTNET_TUNNEL_ADDRESS=${h1.address}`,
    `CASTNET_ADVERTISE_ADDRESS=${publicOf(h1)}`,
  ]);
  await all('nat-set');
  expect((await hostReport(h1)).tunnel).toMatchObject({
    address: publicOf(h1),
    local: h1.address,
  });
});

it('a setting with an address that no interface has is named by status, with the remedy', async () => {
  const [h1] = lab().hosts as [LabHost];
  await clear('nat-set');
  await restart(h1, ['CASTNET_TUNNEL_ADDRESS=10.66.0.66']);
  const problem = await until(async () => (await hostReport(h1)).problem, {
    what: 'a problem in the report',
    timeoutMs: 20_000,
  });
  expect(problem).toContain('no interface of this host has the address 10.66.0.66');
  const { stdout, status } = await castnetOn(h1, ['status']);
  expect(status).toBe(1);
  expect(stdout).toContain('CASTNET_TUNNEL_ADDRESS names it');
  await restart(h1, ['CASTNET_TUNNEL_ADDRESS=', 'CASTNET_ADVERTISE_ADDRESS=']);
});

it('of an address on the loopback, as in a routed fabric, the MTU is that of the routes', async () => {
  await leave();
  await router('nft', 'delete', 'table', 'ip', 'nat');
  for (const host of lab().hosts) {
    const ip = (...argv: string[]) => mustRun(host.enter(['ip', ...argv]));
    await ip('address', 'add', `${loopbackOf(host)}/32`, 'dev', 'lo');
    await router('ip', 'route', 'add', loopbackOf(host), 'via', host.address);
    await ip(
      'route',
      'add',
      '10.77.0.0/24',
      'via',
      `10.99.${host.name.slice(1)}.254`,
      'mtu',
      '1400',
      'src',
      loopbackOf(host),
    );
  }
  await formSwarmAt(loopbackOf, (host) => ['--data-path-addr', loopbackOf(host)]);
  await all('fabric');
  for (const host of lab().hosts) {
    await until(async () => (await hostReport(host)).tunnel?.mtu === 1350 || undefined, {
      what: `${host.name}: the MTU of the route`,
      timeoutMs: 30_000,
    });
    expect((await hostReport(host)).tunnel?.address).toBe(loopbackOf(host));
  }
});

it('an address that comes after the container was asked for is taken when it is there', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  await clear('fabric');
  const lo = (what: string) =>
    mustRun(h2.enter(['ip', 'address', what, `${loopbackOf(h2)}/32`, 'dev', 'lo']));
  const service = [
    '--name',
    'late-address',
    '--network',
    'late-net',
    '--constraint',
    'node.role==worker',
  ];
  const before = await agentPid(h2);
  await createNetwork(lab(), 'late-net');
  await lo('del');
  await h2.exec(['ip', 'route', 'del', '10.77.0.0/24']);
  await lab()
    .host('h1')
    .docker([
      'service',
      'create',
      '-d',
      ...service,
      '--mount',
      'type=bind,source=/usr,target=/usr,readonly',
      'castnet/usr:latest',
      '/usr/bin/sleep',
      'infinity',
    ]);
  const tasks = () =>
    lab()
      .host('h1')
      .docker([
        'service',
        'ps',
        'late-address',
        '--no-trunc',
        '--format',
        '{{.CurrentState}} {{.Error}}',
      ]);
  await until(async () => (await hostReport(h2)).problem !== undefined || undefined, {
    what: 'a problem in the report',
    timeoutMs: 30_000,
  });
  await lo('add');
  await h2.exec([
    'ip',
    'route',
    'add',
    '10.77.0.0/24',
    'via',
    '10.99.2.254',
    'mtu',
    '1400',
    'src',
    loopbackOf(h2),
  ]);
  await until(async () => (await hostReport(h2)).problem === undefined || undefined, {
    what: 'no problem any more',
    timeoutMs: 5_000,
  });
  await until(async () => /^Running /m.test(await tasks()) || undefined, {
    what: 'the task to run',
    timeoutMs: 60_000,
  });
  expect(await agentPid(h2)).toBe(before);
});

it('docker run waits some seconds for an address that is to come, and says so of one that does not', async () => {
  const [, h2] = lab().hosts as [LabHost, LabHost];
  const lo = (what: string) => h2.exec(['ip', 'address', what, '10.78.0.2/32', 'dev', 'lo']);
  await restart(h2, ['CASTNET_TUNNEL_ADDRESS=10.78.0.2']);
  await createNetwork(lab(), 'soon');
  const usr = ['-v', '/usr:/usr:ro', '--network', 'soon', 'castnet/usr:latest'];
  const begin = (name: string) => {
    const line = ['run', '-d', '--name', name, ...usr, '/usr/bin/sleep', 'infinity'];
    return h2.docker(line, { timeoutMs: 60_000 });
  };
  const state = async (name: string) =>
    (await h2.docker(['inspect', '-f', '{{.State.Status}}', name])).trim();
  const refused = begin('too-soon').catch((error: Error) => error);
  const { stdout } = await castnetOn(h2, ['status']);
  expect(stdout).toContain('no interface of this host has the address 10.78.0.2');
  const began = performance.now();
  expect(await refused).toBeInstanceOf(Error);
  // Docker's own patience, whatever the driver says.
  expect(performance.now() - began).toBeGreaterThan(15_000);

  expect(await state('too-soon')).toBe('created');

  const running = begin('in-time');
  // As a VPN that comes up later.
  const late = setTimeout(() => void lo('add'), 6_000);
  await running.finally(() => clearTimeout(late));
  await h2.docker(['start', 'too-soon'], { timeoutMs: 60_000 });
  expect([await state('in-time'), await state('too-soon')]).toEqual(['running', 'running']);
  await h2.docker(['rm', '-f', 'in-time', 'too-soon']);
});

async function restart(host: LabHost, settings: string[]): Promise<void> {
  await host.docker(['plugin', 'disable', '-f', PLUGIN]);
  if (settings.length > 0) await host.docker(['plugin', 'set', PLUGIN, ...settings]);
  await host.docker(['plugin', 'enable', PLUGIN]);
}
