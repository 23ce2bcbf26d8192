/** Groups: rates without loss, copies on the underlay, latency, CPU time per GB. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../lab/run.ts';
import { agentOf } from '../agent.ts';
import { type Context, type PathName, rounds } from '../context.ts';
import { count, cpuSeconds } from '../counters.ts';
import { GROUP_BOTH, GROUP_ONE, type Path } from '../path.ts';
import { rates } from '../rates.ts';
import { figure, median, ratio, rowOf } from '../result.ts';
import { compare, medians } from './unicast.ts';

const ALL: PathName[] = ['castnet', 'hand-made', 'bare', 'flooding', 'tinc', 'n2n'];

/**
 * Makes the first `members` receivers of each path members of a group for as long as `work` takes,
 * once packets really arrive there. A trial's own receivers come and go; the hosts' membership stays.
 */
async function withMembers<T>(
  context: Context,
  options: { paths: Path[]; group: string; members: number },
  work: () => Promise<T>,
): Promise<T> {
  const { paths, group, members } = options;
  const held = await Promise.all(
    paths.map((path) => context.traffic.hold(path.receivers.slice(0, members), group)),
  );
  try {
    for (const path of paths) {
      const trial = { path, group, receivers: members, size: 100, rate: 1000, ms: 100 };
      await until(async () => (await context.traffic.trial(trial)).loss < 0.001 || undefined, {
        what: `${path.name}: packets to ${group} at all members`,
        timeoutMs: 20_000,
      });
    }
    return await work();
  } finally {
    await Promise.all(held.flat().map((it) => it.kill()));
  }
}

/** The most packets a second that reach two receivers on each of two hosts. */
export async function measureRates(context: Context): Promise<void> {
  const paths = await context.paths(ALL);
  await withMembers(context, { paths, group: GROUP_BOTH, members: 4 }, async () => {
    for (const size of [1300, 100]) {
      const what = `multicast ${size} B`;
      const values = await rates(context, { what, paths, size, group: GROUP_BOTH, start: 9000 });
      context.findings.series.push({
        title: `Multicast, ${size} B, two hosts with members, without loss`,
        unit: 'packets/s',
        more: true,
        values: medians(values),
      });
      compare(context, values, `Multicast ${size} B without loss`, [
        ['hand-made', 'hand-made', 0.97],
        ['bare', 'bare', 0.78],
        ['tinc', 'tinc', 3.5],
        ['n2n', 'n2n', 5],
      ]);
    }
  });
}

/** The same with members on one of the two hosts, where sending to members only saves work. */
export async function measurePruning(context: Context): Promise<void> {
  const paths = await context.paths(['castnet', 'flooding', 'hand-made']);
  await withMembers(context, { paths, group: GROUP_ONE, members: 2 }, async () => {
    const what = 'multicast 1300 B, members on one host';
    const trial = { size: 1300, group: GROUP_ONE, receivers: 2, start: 40_000 };
    const values = await rates(context, { what, paths, ...trial });
    context.findings.series.push({
      title: 'Multicast, 1300 B, members on one of two hosts, without loss',
      unit: 'packets/s',
      more: true,
      values: medians(values),
    });
    compare(context, values, 'Multicast 1300 B, members on one of two hosts', [
      ['flooding', 'flooding VXLAN', 1.15],
      ['hand-made', 'hand-made', undefined],
    ]);
  });
}

/** Copies that leave the sender's host, bytes to a host without members, CPU time per GB. */
export async function measureCopies(context: Context): Promise<void> {
  const paths = await context.paths(ALL);
  const agents = await Promise.all(context.lab.hosts.map(agentOf));
  const copies: { name: string; value: number }[] = [];
  const strays: { name: string; value: number }[] = [];
  const work: { name: string; value: number }[] = [];
  await withMembers(context, { paths, group: GROUP_ONE, members: 2 }, async () => {
    for (const path of paths) {
      const cpu = async () => {
        if (path.name !== 'castnet')
          return sum(await Promise.all(path.daemons.map((it) => cpuSeconds(it))));
        return sum(await Promise.all(agents.map((it) => cpuSeconds(it.pid, it.proc))));
      };
      const [sender, , idle] = path.uplinks;
      if (sender === undefined || idle === undefined) continue;
      const size = 1300;
      const before = [await count(sender), await count(idle)] as const;
      const spent = await cpu();
      const trial = { path, group: GROUP_ONE, receivers: 2, size, rate: 6000 };
      const { sent, bytes } = await context.traffic.trial({
        ...trial,
        ms: context.quick ? 1000 : 4000,
      });
      const after = [await count(sender), await count(idle)] as const;
      copies.push({ name: path.name, value: (after[0].txPackets - before[0].txPackets) / sent });
      strays.push({
        name: path.name,
        value: (after[1].rxBytes - before[1].rxBytes) / (sent * size),
      });
      work.push({ name: path.name, value: ((await cpu()) - spent) / (bytes / 1e9) });
    }
  });
  const of = (list: typeof copies) => list.find((it) => it.name === 'castnet')?.value ?? Number.NaN;
  const others = (list: typeof copies) =>
    list
      .filter((it) => it.name !== 'castnet')
      .map((it) => `${it.name} ${figure(it.value)}`)
      .join(', ');
  context.findings.rows.push(
    rowOf({
      figure: 'Copies on the underlay per packet, one host with members',
      value: of(copies),
      unit: '',
      atMost: 1.01,
      atLeast: 0.99,
      from: others(copies),
    }),
    rowOf({
      figure: 'Bytes to a host without members, per byte sent',
      value: of(strays),
      unit: '',
      atMost: 0.005,
      from: others(strays),
    }),
    rowOf({
      figure: 'CPU time of agents or daemons per GB delivered',
      value: of(work),
      unit: 's',
      atMost: 0.2,
      from: others(work),
    }),
  );
  context.say('copies on the underlay are counted');
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

/** How old packets are when they arrive, at 10 000 a second. */
export async function measureLatency(context: Context): Promise<void> {
  const paths = await context.paths(ALL);
  const high = new Map(paths.map((path) => [path.name, [] as number[]]));
  await withMembers(context, { paths, group: GROUP_BOTH, members: 4 }, async () => {
    const trial = { group: GROUP_BOTH, size: 1300, rate: 10_000, ages: true };
    const values = await rounds(paths, context.quick ? 2 : 5, async (path) => {
      const { p50, p99 } = await context.traffic.trial({
        path,
        ...trial,
        ms: context.quick ? 500 : 1500,
      });
      high.get(path.name)?.push(p99);
      await delay(50);
      return p50;
    });
    for (const [name, list, most] of [
      ['p50', values, 1.15],
      ['p99', high, 1.3],
    ] as const) {
      const title = `Multicast latency at 10 000 packets/s, ${name}`;
      context.findings.series.push({ title, unit: 'µs', more: false, values: medians(list) });
      const own = list.get('castnet') ?? [];
      const bare = list.get('bare') ?? [];
      const made = median(list.get('hand-made') ?? []);
      context.findings.rows.push(
        rowOf({
          figure: `${title}: castnet to bare`,
          value: ratio(own, bare),
          unit: '×',
          atMost: most,
          from: `${figure(median(own))} µs to ${figure(median(bare))} µs, hand-made ${figure(made)} µs`,
        }),
      );
    }
  });
  context.say('latency is measured');
}
