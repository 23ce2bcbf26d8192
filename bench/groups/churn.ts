/** Many containers of one host whose memberships change all the time. */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabHost } from '../../lab/lab.ts';
import { mustRun, until } from '../../lab/run.ts';
import { parseMdbEvent } from '../../src/kernel/mdb-event.ts';
import { agentOf } from '../agent.ts';
import type { Context } from '../context.ts';
import { cpuSeconds } from '../counters.ts';
import { CASTNET, startContainer, stationOf } from '../paths/docker.ts';
import { type Running, start, startIn } from '../programs.ts';
import { figure, median, quantile, rowOf } from '../result.ts';

const FIRST_GROUP = '239.80.0.0';
const GROUPS_EACH = 5;
/** Joins a second, and as many leaves. */
const PER_SECOND = 10;
/** Containers that Docker starts at once. */
const AT_ONCE = 8;

/** What happened to a group, and when on the clock of the machine (CLOCK_MONOTONIC), ns. */
interface Happening {
  readonly what: 'join' | 'leave';
  readonly group: string;
  readonly at: number;
}

/**
 * 100 containers with 5 groups each on the second host; ten groups a second are left and joined
 * again for 20 seconds. Watched are the bridge of that host, which hears the containers, and the
 * entries of the first host, which send the group there.
 */
export async function measureChurn(context: Context): Promise<void> {
  await context.path('castnet');
  const [sender, receiver] = context.lab.hosts as [LabHost, LabHost];
  const containers = context.quick ? 16 : 100;
  const seconds = context.quick ? 6 : 20;
  context.say(`churn: starting ${containers} containers on one host`);
  const ids: string[] = [];
  try {
    const stations = await crowd(receiver, containers, ids);
    const churn = start([
      ...[context.traffic.program, 'churn', `group=${FIRST_GROUP}`, `groups=${GROUPS_EACH}`],
      ...[`rate=${PER_SECOND}`, `seconds=${seconds}`, ...stations.map((it) => it.ns)],
    ]);
    const told = await watch(sender, (port) => port.startsWith('cx'));
    const heard = await watch(receiver, (port) => port.startsWith('cv'));
    try {
      await churn.ready();
      await settled(sender, containers * GROUPS_EACH);
      const { made, shares } = await run(context, churn, [sender, receiver]);
      report(context, { made, heard: heard.found, told: told.found, shares, containers });
    } finally {
      await Promise.all([churn, told, heard].map((it) => it.kill()));
    }
  } finally {
    // The client has 50 removed at once (docker/cli, cli/command/container/utils.go, parallelOperation).
    await receiver.docker(['rm', '-f', ...ids], { timeoutMs: 120_000 });
  }
}

async function crowd(host: LabHost, count: number, ids: string[]) {
  const left = Array.from({ length: count }, (_, at) => at);
  const worker = async () => {
    while (left.pop() !== undefined) ids.push(await startContainer(host, CASTNET));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return Promise.all(ids.map((id) => stationOf(host, id, CASTNET)));
}

const inCastnet = (host: LabHost): string => `/proc/${host.pid}/root/run/netns/castnet`;

/** Follows the bridges of a host: the rows of the ports that count. */
async function watch(
  host: LabHost,
  counts: (port: string) => boolean,
): Promise<{ found: Happening[]; kill: () => Promise<void> }> {
  const argv = ['stdbuf', '-oL', 'bridge', '-details', 'monitor', 'mdb'];
  const monitor = startIn(inCastnet(host), argv);
  const found: Happening[] = [];
  createInterface({ input: monitor.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const event = parseMdbEvent(line);
    if (event === undefined || !counts(event.row.port)) return;
    const at = Number(process.hrtime.bigint());
    found.push({ what: event.gone ? 'leave' : 'join', group: event.row.group, at });
  });
  return { found, kill: monitor.kill };
}

/** Waits until the first host has an entry for each of the groups. */
async function settled(sender: LabHost, groups: number): Promise<void> {
  const argv = ['nsenter', `--net=${inCastnet(sender)}`, 'bridge', 'mdb', 'show'];
  await until(
    async () => {
      const lines = (await mustRun(argv)).split('\n');
      const ours = lines.filter((it) => / port cx.* grp 239\.80\./.test(it)).length;
      return ours >= groups || undefined;
    },
    { what: `${groups} groups at the other host`, timeoutMs: 30_000 },
  );
}

async function run(context: Context, churn: Running, hosts: readonly LabHost[]) {
  const agents = await Promise.all(hosts.map(agentOf));
  const used = () => Promise.all(agents.map((it) => cpuSeconds(it.pid, it.proc)));
  const made: Happening[] = [];
  const finished = Promise.withResolvers<void>();
  createInterface({ input: churn.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const [what, group, at] = line.split(' ');
    if (what === 'done') finished.resolve();
    if (what === 'join' || what === 'leave') {
      made.push({ what, group: group as string, at: Number(at) });
    }
  });
  const before = await used();
  const begin = performance.now();
  churn.child.stdin?.write('\n');
  await Promise.race([finished.promise, churn.done()]);
  const seconds = (performance.now() - begin) / 1000;
  const shares = (await used()).map((it, at) => ((it - (before[at] ?? 0)) / seconds) * 100);
  // What was left last, two seconds ago, is gone when the bridge has asked twice.
  await delay(1000);
  context.say(`churn: ${made.length} changes, agents at ${shares.map(figure).join(' and ')} %`);
  return { made, shares };
}

interface Outcome {
  readonly made: readonly Happening[];
  readonly heard: readonly Happening[];
  readonly told: readonly Happening[];
  readonly shares: readonly number[];
  readonly containers: number;
}

function report(context: Context, { made, heard, told, shares, containers }: Outcome): void {
  const joins = delays(
    made.filter((it) => it.what === 'join'),
    told,
  );
  // A leave is certain only once the bridge has asked who is left, so it counts from there.
  const leaves = delays(
    heard.filter((it) => it.what === 'leave'),
    told,
  );
  const lost = [...joins, ...leaves].filter((it) => it === undefined).length;
  const times = (all: readonly (number | undefined)[]) =>
    all.map((it) => it ?? Number.POSITIVE_INFINITY);
  const of = (all: readonly (number | undefined)[]) =>
    `median ${figure(median(times(all)))} ms, p99 ${figure(quantile(times(all), 0.99))} ms of ${all.length}`;
  const what = `${containers * GROUPS_EACH} groups, ${containers} containers, ${PER_SECOND} joins and leaves a second`;
  context.findings.rows.push(
    rowOf({
      figure: `${what}: agent's CPU, the larger of both hosts`,
      value: Math.max(...shares),
      unit: '%',
      atMost: 5,
      from: `with children; ${shares.map(figure).join(' % of a core at the sender, ')} % at the receivers`,
    }),
    rowOf({ figure: 'The same: changes that never arrived', value: lost, unit: '', atMost: 0 }),
    rowOf({
      figure: 'The same: IP_ADD_MEMBERSHIP to the other host’s entry, the longest',
      value: Math.max(...times(joins)),
      unit: 'ms',
      atMost: 100,
      from: of(joins),
    }),
    rowOf({
      figure: 'The same: the bridge drops a member to the other host’s entry gone, the longest',
      value: Math.max(...times(leaves)),
      unit: 'ms',
      atMost: 100,
      from: of(leaves),
    }),
  );
}

/**
 * By how much a cause may be read later than its effect, ns: each host has a program that follows its
 * bridges, and either may have to wait for a core. A group's next change is seconds away.
 */
const READ_LATE = 200e6;

/** Milliseconds from each cause to its effect; undefined where none came before the next cause. */
function delays(
  causes: readonly Happening[],
  effects: readonly Happening[],
): (number | undefined)[] {
  return causes.map((cause) => {
    const like = (it: Happening): boolean => it.group === cause.group && it.what === cause.what;
    const effect = effects.find((it) => like(it) && it.at > cause.at - READ_LATE);
    const next = causes.find((it) => like(it) && it.at > cause.at);
    if (effect === undefined || (next !== undefined && effect.at > next.at)) return undefined;
    return Math.max(0, effect.at - cause.at) / 1e6;
  });
}
