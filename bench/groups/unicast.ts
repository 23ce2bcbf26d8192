/** TCP, small UDP packets and round trips between two containers, against Docker's own overlay. */
import type { Context } from '../context.ts';
import { rounds } from '../context.ts';
import type { Path } from '../path.ts';
import { answer, startIn } from '../programs.ts';
import { rates } from '../rates.ts';
import { figure, median, ratio, rowOf, spread } from '../result.ts';

const PATHS = ['castnet', 'overlay', 'hand-made', 'bare'] as const;

/** One TCP stream by iperf3. */
export async function measureTcp(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const seconds = context.quick ? 1 : 3;
  const values = await rounds(paths, context.quick ? 2 : 7, async (path) => {
    const value = await iperf(path, seconds);
    context.say(`TCP, ${path.name}: ${figure(value)} Gbit/s`);
    return value;
  });
  context.findings.series.push({
    title: 'TCP, one stream',
    unit: 'Gbit/s',
    more: true,
    values: medians(values),
  });
  compare(context, values, 'TCP, one stream', [
    ['overlay', "Docker's overlay", 1.1],
    ['hand-made', 'hand-made', 0.97],
    ['bare', 'bare', undefined],
  ]);
}

async function iperf(path: Path, seconds: number): Promise<number> {
  const to = path.receivers[0] as Path['sender'];
  const server = startIn(to.ns, ['iperf3', '-s', '-1', '-B', to.address, '--forceflush']);
  try {
    await server.ready();
    const call = ['iperf3', '-c', to.address, '-t', String(seconds), '-O', '0.3', '-J'];
    const client = startIn(path.sender.ns, ['timeout', String(seconds + 10), ...call]);
    const out = JSON.parse(await client.done()) as {
      end: { sum_received: { bits_per_second: number } };
    };
    return out.end.sum_received.bits_per_second / 1e9;
  } finally {
    await server.kill();
  }
}

/** The most 64-byte packets a second that all arrive. */
export async function measureSmallPackets(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const values = await rates(context, { what: 'UDP 64 B', paths, size: 64, start: 60_000 });
  context.findings.series.push({
    title: 'UDP 64 B',
    unit: 'packets/s without loss',
    more: true,
    values: medians(values),
  });
  compare(context, values, 'UDP 64 B without loss', [
    ['overlay', "Docker's overlay", 1.3],
    ['hand-made', 'hand-made', undefined],
  ]);
}

/** Round trips of 64 bytes, each end on a CPU of its own: left to the scheduler they have two modes. */
export async function measureRoundTrip(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const values = await rounds(paths, context.quick ? 2 : 7, async (path) => {
    const to = path.receivers[0] as Path['sender'];
    const echo = context.traffic.at(to, 'echo', { local: to.address, port: 7001, cpu: 1 });
    try {
      await echo.ready();
      const count = context.quick ? 3000 : 12_000;
      const ping = { to: to.address, port: 7001, local: path.sender.address, count, cpu: 0 };
      return (await answer<{ p50: number }>(context.traffic.at(path.sender, 'ping', ping))).p50;
    } finally {
      await echo.kill();
    }
  });
  const title = 'Round trip, 64 B, p50, pinned';
  context.findings.series.push({ title, unit: 'µs', more: false, values: medians(values) });
  const of = (name: string) => values.get(name) ?? [];
  context.findings.rows.push(
    rowOf({
      figure: `${title}: castnet to Docker's overlay`,
      value: ratio(of('castnet'), of('overlay')),
      unit: '×',
      atMost: 1,
      from: `${figure(median(of('castnet')))} µs to ${figure(median(of('overlay')))} µs; ${spread(of('castnet'), of('overlay'))}`,
    }),
  );
}

export function medians(values: Map<string, number[]>): { name: string; value: number }[] {
  return [...values].map(([name, list]) => ({ name, value: median(list) }));
}

/** A row for castnet against each of the others: [path, its title, the least ratio]. */
export function compare(
  { findings }: Context,
  values: Map<string, number[]>,
  what: string,
  others: readonly (readonly [string, string, number | undefined])[],
): void {
  const own = values.get('castnet');
  if (own === undefined) return;
  for (const [name, title, least] of others) {
    const other = values.get(name);
    if (other === undefined) continue;
    findings.rows.push(
      rowOf({
        figure: `${what}: castnet to ${title}`,
        value: ratio(own, other),
        unit: '×',
        ...(least === undefined ? {} : { atLeast: least }),
        from: `${figure(median(own))} to ${figure(median(other))}; ${spread(own, other)}`,
      }),
    );
  }
}
