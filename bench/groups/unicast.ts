/** TCP, small UDP packets and round trips between two containers, against Docker's own overlay. */
import { type Context, type PathName, rounds } from '../context.ts';
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
  compare(context, values, {
    ...{ title: 'TCP, one stream', unit: 'Gbit/s' },
    others: { overlay: 1.1, 'hand-made': 0.97, bare: undefined },
  });
}

async function iperf(path: Path, seconds: number): Promise<number> {
  const to = path.receivers[0] as Path['sender'];
  const server = startIn(to.ns, ['iperf3', '-s', '-1', '-B', to.address, '--forceflush']);
  try {
    await server.ready();
    return await oneStream(path.sender.ns, to.address, seconds);
  } finally {
    await server.kill();
  }
}

/** @returns Gbit/s of one TCP stream from a namespace to iperf3's server at an address */
export async function oneStream(from: string, to: string, seconds: number): Promise<number> {
  const call = ['iperf3', '-c', to, '-t', String(seconds), '-O', '0.3', '-J'];
  const client = startIn(from, ['timeout', String(seconds + 10), ...call]);
  const out = JSON.parse(await client.done()) as {
    end: { sum_received: { bits_per_second: number } };
  };
  return out.end.sum_received.bits_per_second / 1e9;
}

/** The most 64-byte packets a second that all arrive. */
export async function measureSmallPackets(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const values = await rates(context, { what: 'UDP 64 B', paths, size: 64, start: 60_000 });
  compare(context, values, {
    ...{ title: 'UDP 64 B', unit: RATE, what: 'UDP 64 B without loss' },
    others: { overlay: 1.3, 'hand-made': undefined },
  });
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

export interface Comparison {
  /** Of the chart. */
  readonly title: string;
  /** More of it is better. */
  readonly unit: string;
  /** Of the rows, where the chart has another title. */
  readonly what?: string;
  /** By path, the least that castnet's ratio to it must be; undefined where it only informs. */
  readonly others: { readonly [name in PathName]?: number | undefined };
}

/** The unit of `rates`. */
export const RATE = 'packets/s without loss';

const TITLES: Partial<Record<string, string>> = {
  overlay: "Docker's overlay",
  flooding: 'flooding VXLAN',
};

/** A chart of all paths, and a row for castnet against each of the others. */
export function compare(
  { findings }: Context,
  values: Map<string, number[]>,
  { title, unit, what = title, others }: Comparison,
): void {
  findings.series.push({ title, unit, more: true, values: medians(values) });
  const own = values.get('castnet');
  if (own === undefined) return;
  for (const [name, least] of Object.entries(others)) {
    const other = values.get(name);
    if (other === undefined) continue;
    findings.rows.push(
      rowOf({
        figure: `${what}: castnet to ${TITLES[name] ?? name}`,
        value: ratio(own, other),
        unit: '×',
        ...(least === undefined ? {} : { atLeast: least }),
        from: `${figure(median(own))} to ${figure(median(other))}; ${spread(own, other)}`,
      }),
    );
  }
}
