/** Groups: rates without loss, copies on the underlay, latency, CPU time per GB. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../lab/run.ts';
import { agentOf } from '../agent.ts';
import { type Comparison, openIn, report } from '../compare.ts';
import { type Context, type PathName, RIVALS, SLOW } from '../context.ts';
import { costs } from '../cost.ts';
import { count, cpuSeconds } from '../counters.ts';
import { GROUP_BOTH, GROUP_ONE, type Path } from '../path.ts';
import { rates } from '../rates.ts';
import { figure, type Limit, rowOf } from '../result.ts';
import { inRounds, oneByOne, type Values } from '../rounds.ts';
import { LOSS_FREE } from '../search.ts';

const KERNELS: PathName[] = ['castnet', SLOW, 'hand-made', 'bare'];

/**
 * Makes the first `members` receivers of each path members of a group for as long as `work` takes,
 * once packets really arrive there. A trial's own receivers come and go; the hosts' membership stays.
 */
export async function withMembers<T>(
  context: Context,
  options: { paths: Path[]; group: string; members: number },
  work: (ready: Path[]) => Promise<T>,
): Promise<T> {
  const { paths, group, members } = options;
  const held = await Promise.all(
    paths.map((path) => context.traffic.hold(path.receivers.slice(0, members), group)),
  );
  const ready: Path[] = [];
  try {
    for (const path of paths) {
      const trial = { path, group, receivers: members, size: 100, rate: 1000, ms: 100 };
      const whole = async () => (await context.traffic.trial(trial)).loss < LOSS_FREE || undefined;
      const what = `${path.name}: packets to ${group} at all members`;
      try {
        await until(whole, { what, timeoutMs: 15_000 });
        ready.push(path);
      } catch (error) {
        // A peer that does not work here is no reason to measure nothing.
        if (path.daemons.length === 0) throw error;
        context.findings.notes.push((error as Error).message);
      }
    }
    return await work(ready);
  } finally {
    await Promise.all(held.flat().map((it) => it.kill()));
  }
}

/** Of the chart of `measureRates`. */
export const titleOf = (size: number): string => `Multicast ${size} B, two hosts with members`;

/** The most packets a second that reach two receivers on each of two hosts. */
export async function measureRates(context: Context): Promise<void> {
  const wanted = await context.paths([...KERNELS, ...RIVALS]);
  await withMembers(context, { paths: wanted, group: GROUP_BOTH, members: 4 }, async (paths) => {
    for (const size of [1300, 100]) {
      const trial = { paths, size, group: GROUP_BOTH, start: 36_000, near: titleOf(1300) };
      await rates(context, trial, {
        title: titleOf(size),
        what: `Multicast ${size} B without loss`,
        others: {
          'hand-made': { atLeast: 0.97 },
          bare: { atLeast: 0.78 },
          tinc: { atLeast: 3.5 },
          n2n: { atLeast: 5 },
        },
      });
    }
    const kernels = paths.filter((it) => it.daemons.length === 0);
    const trial = { paths: kernels, size: 100, group: GROUP_BOTH, rate: 20_000 };
    await costs(context, trial, {
      title: 'CPU time per multicast packet of 100 B',
      what: 'CPU time per multicast packet of 100 B, two hosts with members',
      others: { 'hand-made': { atMost: 1.03 }, bare: {} },
    });
  });
}

/** The same with members on one of the two hosts, where sending to members only saves work. */
export async function measurePruning(context: Context): Promise<void> {
  const wanted = await context.paths(['castnet', 'flooding', 'hand-made']);
  await withMembers(context, { paths: wanted, group: GROUP_ONE, members: 2 }, async (paths) => {
    const trial = { paths, size: 1300, group: GROUP_ONE, receivers: 2, start: 50_000 };
    await rates(context, trial, {
      title: 'Multicast 1300 B, members on one of two hosts',
      others: { flooding: { atLeast: 1.15 }, 'hand-made': {} },
    });
  });
}

/** Copies that leave the sender's host, and bytes to a host without members. */
export async function measureCopies(context: Context): Promise<void> {
  const wanted = await context.paths([...KERNELS, 'flooding', ...RIVALS]);
  const copies: Value[] = [];
  const strays: Value[] = [];
  await withMembers(context, { paths: wanted, group: GROUP_ONE, members: 2 }, async (paths) => {
    for (const path of paths) {
      const [sender, , idle] = path.uplinks;
      if (sender === undefined || idle === undefined) continue;
      const size = 1300;
      const before = [await count(sender), await count(idle)] as const;
      const trial = { path, group: GROUP_ONE, receivers: 2, size, rate: 6000 };
      const ms = context.quick ? 1000 : 2000;
      const { sent } = await context.traffic.trial({ ...trial, ms });
      const after = [await count(sender), await count(idle)] as const;
      copies.push({ name: path.name, value: (after[0].txPackets - before[0].txPackets) / sent });
      const bytes = after[1].rxBytes - before[1].rxBytes;
      strays.push({ name: path.name, value: bytes / (sent * size) });
    }
  });
  const figures = 'Copies on the underlay per packet, one host with members';
  context.findings.rows.push(
    besides(copies, { figure: figures, unit: '', atMost: 1.01, atLeast: 0.99 }),
    besides(strays, {
      figure: 'Bytes to a host without members, per byte sent',
      unit: '',
      atMost: 0.005,
    }),
  );
  context.say('copies on the underlay are counted');
}

/**
 * CPU time of the programs that a path keeps running, for each GB that arrives by multicast. What
 * castnet's agents use while nothing is sent is taken off: they pass no packets.
 */
export async function measureCost(context: Context): Promise<void> {
  const wanted = await context.paths(['castnet', ...RIVALS]);
  const agents = await Promise.all(context.lab.hosts.map(agentOf));
  const used = async (path: Path) => {
    const own = path.name === 'castnet' ? agents : path.daemons.map((pid) => ({ pid }));
    return sum(
      await Promise.all(own.map((it) => cpuSeconds(it.pid, 'proc' in it ? it.proc : '/proc'))),
    );
  };
  const costs: Value[] = [];
  const ms = context.quick ? 1000 : 2000;
  await withMembers(context, { paths: wanted, group: GROUP_ONE, members: 2 }, async (paths) => {
    const start = performance.now();
    const before = await Promise.all(paths.map(used));
    await delay(ms);
    const after = await Promise.all(paths.map(used));
    const lasted = performance.now() - start;
    for (const [at, path] of paths.entries()) {
      const idle = ((after[at] ?? 0) - (before[at] ?? 0)) / lasted;
      const rate = path.name === 'castnet' ? 40_000 : 6000;
      const trial = { path, group: GROUP_ONE, receivers: 2, size: 1300, rate, ms };
      const busy = performance.now();
      const then = await used(path);
      const { bytes } = await context.traffic.trial(trial);
      const spent = (await used(path)) - then - idle * (performance.now() - busy);
      costs.push({ name: path.name, value: Math.max(0, spent) / (bytes / 1e9) });
    }
  });
  const title = 'CPU time of agents or daemons per GB by multicast, beyond the idle';
  // 0 within what a clock of 10 ms on each of three hosts can tell.
  context.findings.rows.push(besides(costs, { figure: title, unit: 's', atMost: 0.1 }));
  context.say('the CPU time of agents and daemons is taken');
}

interface Value {
  name: string;
  value: number;
}

/** A row for castnet's value that names the others' beside it. */
function besides(values: readonly Value[], limit: Omit<Limit, 'value' | 'from'>) {
  const own = values.find((it) => it.name === 'castnet')?.value ?? Number.NaN;
  const others = values.filter((it) => it.name !== 'castnet');
  const from = others.map((it) => `${it.name} ${figure(it.value)}`).join(', ');
  return rowOf({ ...limit, value: own, from });
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

/** How old packets are when they arrive, at 10 000 a second: p50 and p99 of the same rounds, until both are decided. */
export async function measureLatency(context: Context): Promise<void> {
  const wanted = await context.paths(KERNELS);
  const [half, most] = [1.15, 1.3].map(
    (atMost, at): Comparison => ({
      title: `Multicast latency at 10 000 packets/s, ${['p50', 'p99'][at]}`,
      ...{ unit: 'µs', more: false, others: { bare: { atMost }, 'hand-made': {} } },
    }),
  ) as [Comparison, Comparison];
  await withMembers(context, { paths: wanted, group: GROUP_BOTH, members: 4 }, async (paths) => {
    const high = new Map(paths.map((path) => [path.name, [] as number[]]));
    const trial = { group: GROUP_BOTH, size: 1300, rate: 10_000, ages: true, ms: 500 };
    const open = (values: Values) => new Set([...openIn(values, half), ...openIn(high, most)]);
    const middle = await inRounds(
      context,
      { of: paths, open },
      oneByOne(async (path) => {
        const { p50, p99 } = await context.traffic.trial({ path, ...trial });
        high.get(path.name)?.push(p99);
        await delay(50);
        return p50;
      }),
    );
    report(context, middle, half);
    report(context, high, most);
  });
  context.say('latency is measured');
}
