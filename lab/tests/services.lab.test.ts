/** A service's virtual address: what answers there, and who is refused. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServiceRow } from '../../src/contract/commands.ts';
import { ROOT } from '../kit/containers.ts';
import { failedFirstCalls } from '../kit/first-call.ts';
import {
  type Container,
  containersOf,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  tasksRun,
} from '../kit/stack.ts';
import { Caller, createWeb, removeServices, serve, spreads, vipsOf } from '../kit/vip.ts';
import { until } from '../run.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('services');
let callers: Caller[] = [];
let vip = '';

beforeAll(async () => {
  await createNetwork(lab(), 'vips');
  callers = await Promise.all(
    lab().hosts.map(async (host) =>
      Caller.start(await runContainer(host, { network: 'vips', name: `caller-${host.name}` })),
    ),
  );
  await createWeb(lab(), { name: 'web', networks: ['vips'], replicas: 6 });
  [vip = ''] = await vipsOf(lab(), 'web');
});
afterAll(async () => {
  await removeServices(lab(), 'web');
  await Promise.all(callers.map((it) => it.close()));
  await removeContainers(callers.map((it) => it.container));
  await removeNetwork(lab(), 'vips');
});

const tasks = async (name: string): Promise<Container[]> =>
  (await containersOf(lab(), 'vips')).filter((it) => it.name.startsWith(`${name}.`));

/** A container's firewall, in the hands of its own root. */
const nft = ({ host, id }: Container, ...args: string[]): Promise<string> =>
  host.docker(['exec', id, '/usr/sbin/nft', ...args]);

it('every host reaches every task, by TCP, and Docker’s DNS says the same address', async () => {
  for (const caller of callers) {
    expect(await caller.resolve('web')).toEqual([vip]);
    // The last task may have come into service during the first look.
    await spreads(caller, 'web', 6);
    const { answers } = await spreads(caller, 'web', 6);
    for (const count of Object.values(answers)) expect(count).toBeGreaterThan(1);
  }
});

it('a container’s first act, a call by TCP and one by UDP, is answered', async () => {
  const calls = { network: 'vips', vip, hosts: lab().hosts };
  expect(await failedFirstCalls({ ...calls, count: 9, atOnce: 1 })).toEqual([]);
});

// Not that each is answered in time: where cores are short, a task's own program may have to wait for one.
it('many containers at once all have their rules before their first act', async () => {
  const calls = { network: 'vips', vip, hosts: lab().hosts };
  const failed = await failedFirstCalls({ ...calls, count: 18, atOnce: 18 });
  expect(failed.filter((it) => it.includes('no-rules'))).toEqual([]);
});

it('UDP stays with its task, and different clients get different ones', async () => {
  for (const caller of callers) {
    const first = await caller.send(vip);
    expect(first).toMatch(/ 1$/);
    for (let turn = 0; turn < 10; turn++) expect(await caller.send(vip)).toBe(first);
  }
});

it('the address answers a ping', async () => {
  for (const { container } of callers) {
    const ping = ['/usr/bin/ping', '-c', '3', '-i', '0.2', '-W', '2', vip];
    const said = await container.host.docker(['exec', container.id, ...ping]);
    expect(said).toContain('3 received');
  }
});

it('castnet services counts the connections and packets to each task, of all hosts', async () => {
  await createWeb(lab(), { name: 'counted', networks: ['vips'], replicas: 2 });
  const [address = ''] = await vipsOf(lab(), 'counted');
  const sums = async () => {
    const argv = [process.execPath, join(ROOT, 'bin/castnet.js'), 'services', 'vips', '--json'];
    const { stdout } = await lab().host('h1').exec(argv);
    const found = (JSON.parse(stdout).services as ServiceRow[]).find((it) => it.vip === address);
    const backends = found?.backends ?? [];
    return {
      tasks: backends.map((it) => it.container?.split('.')[0]),
      connections: backends.reduce((sum, it) => sum + it.connections, 0),
      packets: backends.reduce((sum, it) => sum + it.packets, 0),
    };
  };
  for (const caller of callers) await spreads(caller, address, 2);
  const before = await sums();
  expect(before.tasks).toEqual(['counted', 'counted']);
  for (const caller of callers) await caller.ask(address, 10);
  const after = await sums();
  expect(after.connections - before.connections).toBe(30);
  // SYN, acknowledgements, a line and an end at the least.
  expect(after.packets - before.packets).toBeGreaterThanOrEqual(30 * 4);
  await removeServices(lab(), 'counted');
});

it('a task calls its own service, itself included', async () => {
  await createWeb(lab(), { name: 'one', networks: ['vips'], replicas: 1 });
  const [own] = (await tasks('one')) as [Container];
  const caller = await Caller.start(own);
  await spreads(caller, 'one', 1);
  await spreads(caller, 'web', 6);
  await caller.close();
  const [task] = (await tasks('web')) as [Container];
  const other = await Caller.start(task);
  await spreads(other, 'web', 6);
  await other.close();
  await removeServices(lab(), 'one');
});

it('a service without tasks is refused at once, by TCP and UDP, and serves again', async () => {
  await createWeb(lab(), { name: 'idle', networks: ['vips'], replicas: 2 });
  const [address = ''] = await vipsOf(lab(), 'idle');
  for (const caller of callers) await spreads(caller, address, 2);
  await lab().host('h1').docker(['service', 'scale', '--detach', 'idle=0']);
  await tasksRun(lab(), 'idle', 0);
  for (const caller of callers) {
    await until(
      async () => {
        const { failures, slowest } = await caller.ask(address);
        return (failures[0]?.error === 'ECONNREFUSED' && slowest < 500) || undefined;
      },
      { what: 'a refusal at once', timeoutMs: 5_000 },
    );
    expect(await caller.send(address)).toBeUndefined();
  }
  await lab().host('h1').docker(['service', 'scale', '--detach', 'idle=2']);
  await tasksRun(lab(), 'idle', 2);
  for (const caller of callers) await spreads(caller, address, 2);
  await removeServices(lab(), 'idle');
});

it('the address of a task that has gone refuses at once, until another container has it', async () => {
  await createWeb(lab(), { name: 'goes', networks: ['vips'], replicas: 3 });
  const gone = (await tasks('goes')).map((it) => it.ip);
  const everyone = callers.flatMap((caller) => gone.map((ip) => ({ caller, ip })));
  // Each caller's kernel knows the way to each of them now, and believes in it.
  for (const { caller, ip } of everyone) await spreads(caller, ip, 1);
  await lab().host('h1').docker(['service', 'scale', '--detach', 'goes=0']);
  await tasksRun(lab(), 'goes', 0);
  for (const { caller, ip } of everyone) {
    await until(
      async () => {
        const { failures, slowest } = await caller.ask(ip);
        return (failures[0]?.error === 'ECONNREFUSED' && slowest < 500) || undefined;
      },
      { what: `a refusal of ${ip} at once`, timeoutMs: 5_000 },
    );
  }
  const [address = ''] = gone;
  const args = ['--ip', address];
  const next = await runContainer(lab().host('h2'), { network: 'vips', name: 'next', args });
  for (const { container } of callers) {
    const ping = ['/usr/bin/ping', '-c', '1', '-W', '5', address];
    const said = await container.host.docker(['exec', container.id, ...ping]);
    expect(said).toContain('1 received');
  }
  await removeContainers([next]);
  await removeServices(lab(), 'goes');
});

it('an address that goes from a service to a container leads there, from a port used before too', async () => {
  await createWeb(lab(), { name: 'lent', networks: ['vips'], replicas: 2 });
  const [address = ''] = await vipsOf(lab(), 'lent');
  for (const caller of callers) {
    await spreads(caller, address, 2);
    expect(await caller.send(address)).toMatch(/ 1$/);
  }
  await removeServices(lab(), 'lent');
  const args = ['--ip', address];
  const heir = await runContainer(lab().host('h2'), { network: 'vips', name: 'heir', args });
  await serve(heir);
  for (const caller of callers) {
    await until(
      async () => (await caller.send(address))?.startsWith(heir.id.slice(0, 12)) || undefined,
      { what: `${caller.container.name}: the container’s answer by UDP`, timeoutMs: 5_000 },
    );
    await spreads(caller, address, 1);
  }
  await removeContainers([heir]);
});

it('a name that is a service and a container, and an alias', async () => {
  const host = lab().host('h2');
  const twin = await runContainer(host, { network: 'vips', name: 'web', args: [] });
  const args = ['--network', 'name=vips,alias=other'];
  await createWeb(lab(), { name: 'named', networks: [], replicas: 2, args });
  for (const caller of callers) {
    await spreads(caller, vip, 6);
    await spreads(caller, 'named', 2);
    await spreads(caller, 'other', 2);
    expect(await caller.resolve('web')).toContain(vip);
  }
  await removeServices(lab(), 'named');
  await removeContainers([twin]);
});

it('a service on three networks has an address on each', async () => {
  const networks = ['three-a', 'three-b', 'three-c'];
  for (const network of networks) await createNetwork(lab(), network);
  await createWeb(lab(), { name: 'three', networks, replicas: 3 });
  const vips = await vipsOf(lab(), 'three');
  expect(new Set(vips).size).toBe(3);
  for (const [at, network] of networks.entries()) {
    const host = lab().hosts[at];
    if (host === undefined) continue;
    const caller = await Caller.start(await runContainer(host, { network, name: `on-${network}` }));
    const [address = ''] = await caller.resolve('three');
    expect(vips).toContain(address);
    await spreads(caller, address, 3);
    await caller.close();
    await removeContainers([caller.container]);
  }
  await removeServices(lab(), 'three');
  for (const network of networks) await removeNetwork(lab(), network);
});

it('a service with endpoint_mode dnsrr has no virtual address, and its tasks answer', async () => {
  const args = ['--endpoint-mode', 'dnsrr'];
  await createWeb(lab(), { name: 'rr', networks: ['vips'], replicas: 3, args });
  const [caller] = callers as [Caller];
  expect(await vipsOf(lab(), 'rr')).toEqual([]);
  await until(async () => (await caller.resolve('rr')).length === 3 || undefined, {
    what: 'three addresses',
    timeoutMs: 5_000,
  });
  expect((await caller.resolve('rr')).sort()).toEqual(await caller.resolve('tasks.rr'));
  expect((await caller.ask('rr', 5)).failures).toEqual([]);
  await removeServices(lab(), 'rr');
});

it('a container that flushes its own tables gets its rules again within 10 s', async () => {
  const host = lab().host('h3');
  const args = ['--cap-add', 'NET_ADMIN'];
  const able = await runContainer(host, { network: 'vips', name: 'flusher', args });
  const caller = await Caller.start(able);
  for (const [port, ...how] of [
    [40_001, 'flush', 'ruleset'],
    [40_003, 'flush', 'table', 'ip', 'castnet'],
  ] as const) {
    await spreads(caller, vip, 6);
    const held = await caller.hold(vip);
    await nft(able, ...how);
    expect((await caller.askFrom(port, vip, 300)).failures).toHaveLength(1);
    const begin = Date.now();
    await until(
      async () => (await nft(able, 'list', 'ruleset')).includes('vmap @services') || undefined,
      { what: 'the rules again', timeoutMs: 12_000, everyMs: 50 },
    );
    expect(Date.now() - begin).toBeLessThan(10_000);
    await spreads(caller, vip, 6);
    // The kernel remembers what was tried meanwhile as something that is not translated.
    expect((await caller.askFrom(port, vip)).failures).toEqual([]);
    expect(await caller.say(), 'a connection from before').toEqual({ who: held });
  }
  await caller.close();
  await removeContainers([able]);
});

it('tasks without Docker’s DNS stay in service, and keep no other task from coming and going', async () => {
  const [caller] = callers as [Caller];
  const args = ['--cap-add', 'NET_ADMIN'];
  const networks = ['vips'];
  await createWeb(lab(), { name: 'deaf', networks, replicas: 3, global: true, args });
  await spreads(caller, 'deaf', 3);
  const deaf = await tasks('deaf');
  for (const it of deaf) await nft(it, 'flush', 'ruleset');
  await createWeb(lab(), { name: 'new', networks, replicas: 3, global: true });
  await spreads(caller, 'new', 3);
  await lab()
    .host('h1')
    .docker(['service', 'update', '--force', '--update-parallelism', '0', 'new']);
  await tasksRun(lab(), 'new', 3);
  await spreads(caller, 'new', 3);
  await spreads(caller, 'deaf', 3);
  await removeServices(lab(), 'new', 'deaf');
});

it('a port published with mode=host reaches the task of that host', async () => {
  const args = ['--publish', 'mode=host,target=9000,published=9100'];
  const replicas = lab().hosts.length;
  const networks = ['vips'];
  await createWeb(lab(), { name: 'published', networks, replicas, global: true, args });
  for (const host of lab().hosts) {
    const { stdout } = await host.exec(
      ['bash', '-c', `exec 3<>/dev/tcp/${host.address}/9100; echo who >&3; head -n1 <&3`],
      { timeoutMs: 5_000 },
    );
    const [who] = stdout.split(' ');
    const here = await host.docker(['ps', '-q', '--filter', 'name=published.']);
    expect(here).toContain(who);
  }
  await removeServices(lab(), 'published');
});
