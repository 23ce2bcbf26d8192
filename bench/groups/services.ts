/** Service addresses: what going through one costs, and how fast all containers learn a change. */
import type { LabHost } from '../../lab/lab.ts';
import { mustRun, settle, until } from '../../lab/run.ts';
import { Balancer } from '../../src/agent/balancer.ts';
import type { NetworkRecord } from '../../src/core/records.ts';
import { servicesBySandbox, servicesOf } from '../../src/core/services/services.ts';
import * as sandbox from '../../src/kernel/sandbox.ts';
import type { Context } from '../context.ts';
import { isOpen } from '../decision.ts';
import { makeNamespace } from '../namespaces.ts';
import { CASTNET, stationOf } from '../paths/docker.ts';
import { startIn } from '../programs.ts';
import { figure, median, ratio, rowOf } from '../result.ts';
import { inRounds, oneByOne, type Values } from '../rounds.ts';
import { CONNECT_PORT, connections, streamsTo } from './unicast.ts';

const CONTAINERS = 100;
const SERVICES = 200;
const TASKS = 20;
/** What a change may take, ms. */
const CHANGE = { atMost: 1000 };
/** What all of them may take, ms. */
const ALL = { atMost: 2000 };

/** One change among 200 services with 20 tasks each, on a host with 100 containers. */
export async function measureServiceUpdate(context: Context): Promise<void> {
  context.say(`services: making ${CONTAINERS} namespaces`);
  const namespaces = [];
  try {
    for (let left = CONTAINERS; left > 0; left -= 10) {
      namespaces.push(...(await settle(Array.from({ length: 10 }, makeNamespace))));
    }
    const paths = namespaces.map((it) => it.path);
    const { first, changes, again } = await timeUpdates(paths, context.quick ? 3 : 9);
    const wholly = `all ${first} ms, by the next agent ${again} ms`;
    context.say(`services: a change ${median(changes).toFixed(0)} ms, ${wholly}`);
    const what = `${SERVICES} services × ${TASKS} tasks, ${CONTAINERS} containers`;
    context.findings.rows.push(
      rowOf({
        ...{ figure: `One change in ${what}`, unit: 'ms', ...CHANGE },
        ...{ value: median(changes), rounds: changes },
      }),
      rowOf({ figure: `Every rule of ${what}`, unit: 'ms', value: first, ...ALL }),
      rowOf({ figure: 'The same by an agent that is restarted', unit: 'ms', value: again }),
    );
  } finally {
    await Promise.all(namespaces.map((it) => it.close()));
  }
}

async function timeUpdates(paths: string[], most: number) {
  const endpoints = paths.map((path, at) => ({
    id: `e${at}`,
    network: 'bench',
    address: `10.77.255.${at}/16`,
    mac: '',
    sandbox: path,
  }));
  let stopping = -1;
  let trouble = '';
  const warn = (fields: object) => {
    trouble = JSON.stringify(fields);
  };
  const silent = () => {};
  // All that the agent computes is in it too.
  const desired = () => {
    const found = servicesOf(records(stopping));
    return servicesBySandbox({ endpoints, services: () => found });
  };
  const options = {
    sandboxes: { ...sandbox, identity: sandbox.sandboxIdentity, untracked: true },
    desired,
    log: { debug: silent, info: silent, warn, error: warn },
  };
  const time = async (balancer: Balancer) => {
    const begin = performance.now();
    await balancer.update();
    if (trouble !== '') throw new Error(trouble);
    return performance.now() - begin;
  };
  const balancer = new Balancer(options);
  const first = Math.round(await time(balancer));
  const changes: number[] = [];
  for (let turn = 0; turn < 3 || (turn < most && isOpen(changes, CHANGE)); turn++) {
    // Another service each time, whose first task stops; the one of before is back.
    stopping = turn;
    changes.push(await time(balancer));
  }
  balancer.close();
  const again = Math.round(await time(new Balancer({ ...options, earlier: new Set(paths) })));
  return { first, changes, again };
}

/** All tasks on one host; the first task of the service with this number is being stopped. */
function records(stopping: number): NetworkRecord[] {
  const endpoints = Array.from({ length: SERVICES * TASKS }, (_, at) => {
    const number = Math.floor(at / TASKS);
    const name = `service-${number}`;
    const serving = number !== stopping || at % TASKS !== 0;
    return {
      id: `t${at}`,
      ip: `10.77.${10 + Math.floor(at / 250)}.${1 + (at % 250)}`,
      mac: '',
      service: { name, vip: `10.77.1.${1 + number}`, serving },
    };
  });
  return [{ vni: 8_000_000, endpoints, groups: [] }];
}

/** Connections a second and throughput, by a service's address against its task's own. */
export async function measureServiceAddress(context: Context): Promise<void> {
  const { lab, traffic } = context;
  const path = await context.path('castnet');
  if (path === undefined) throw new Error('there is no castnet network');
  const manager = lab.hosts[0] as LabHost;
  const name = 'bench-service';
  await manager.docker([
    ...['service', 'create', '--detach', '--name', name, '--no-resolve-image'],
    ...['--network', CASTNET, '--stop-grace-period', '0s'],
    ...['--constraint', `node.hostname==${await hostname(lab.hosts[1] as LabHost)}`],
    ...['--mount', 'type=bind,source=/usr,target=/usr,readonly'],
    ...['castnet/usr:latest', 'sleep', 'infinity'],
  ]);
  try {
    const { task, vip } = await until(() => started(lab.hosts, name), {
      what: `the task of ${name}`,
      timeoutMs: 30_000,
    });
    const from = path.sender.ns;
    const serving = traffic.at(task, 'serve', { port: CONNECT_PORT });
    const iperf = startIn(task.ns, ['iperf3', '-s', '--forceflush']);
    try {
      await Promise.all([serving.ready(), iperf.ready()]);
      // A task is in service once it listens.
      await untilRuled(from, vip);
      const targets = { direct: task.address, vip };
      await compare(context, 'connections a second', targets, (to) =>
        connections(traffic, { from, to, ms: 500 }),
      );
      await compare(context, 'Gbit/s', targets, (to) =>
        streamsTo(from, to, { seconds: 1, streams: 1 }),
      );
    } finally {
      await Promise.all([serving.kill(), iperf.kill()]);
    }
  } finally {
    await manager.docker(['service', 'rm', name]);
    await until(async () => (await serviceOf(lab.hosts, name)) === undefined || undefined, {
      what: `the end of ${name}`,
      timeoutMs: 30_000,
    });
  }
}

const hostname = async (host: LabHost): Promise<string> =>
  (await host.docker(['info', '-f', '{{.Name}}'])).trim();

type Container = { Id: string; State: string };

/** The task and its service's address, once the container has a namespace and both are known. */
async function started(hosts: readonly LabHost[], name: string) {
  const found = await serviceOf(hosts, name);
  return found?.running && found.task.address !== '' && found.vip !== '' ? found : undefined;
}

async function serviceOf(hosts: readonly LabHost[], name: string) {
  const filters = encodeURIComponent(
    JSON.stringify({ label: [`com.docker.swarm.service.name=${name}`] }),
  );
  for (const host of hosts) {
    const path = `/containers/json?all=1&filters=${filters}`;
    const [found] = await host.api<Container[]>('GET', path);
    if (found === undefined) continue;
    const task = await stationOf(host, found.Id, CASTNET);
    const of = `/services/${name}`;
    const service = await (hosts[0] as LabHost)
      .api<{ Endpoint: { VirtualIPs: { Addr: string }[] } }>('GET', of)
      .catch(() => undefined);
    const vip = service?.Endpoint.VirtualIPs[0]?.Addr.split('/')[0] ?? '';
    return { task, vip, running: found.State === 'running' };
  }
  return undefined;
}

function untilRuled(ns: string, vip: string): Promise<true> {
  const list = ['nsenter', `--net=${ns}`, 'nft', 'list', 'map', 'ip', 'castnet', 'services'];
  return until(async () => (await mustRun(list)).includes(`${vip} :`) || undefined, {
    what: `rules for ${vip}`,
    timeoutMs: 10_000,
  });
}

/** Direct and by the address, in turn. */
async function compare(
  context: Context,
  unit: string,
  targets: { direct: string; vip: string },
  measure: (to: string) => Promise<number>,
): Promise<void> {
  const goal = { atLeast: 0.95 };
  const ratioIn = (values: Values) => ratio(values.get('vip') ?? [], values.get('task') ?? []);
  const of = [
    { name: 'task', to: targets.direct },
    { name: 'vip', to: targets.vip },
  ];
  const all = new Set(of.map((it) => it.name));
  const open = (values: Values) => (isOpen(ratioIn(values).rounds, goal) ? all : new Set<string>());
  const one = oneByOne(({ to }: { to: string }) => measure(to));
  const values = await inRounds(context, { of, open }, async (turn, round) => {
    const measured = await one(turn, round);
    context.say(`services, ${unit}: task and VIP ${measured.map(figure).join(', ')}`);
    return measured;
  });
  const words = (name: string) => figure(median(values.get(name) ?? []));
  context.findings.rows.push(
    rowOf({
      figure: `A service's address against its task's own, ${unit}`,
      ...{ ...ratioIn(values), ...goal, from: `${words('vip')} to ${words('task')}` },
    }),
  );
}
