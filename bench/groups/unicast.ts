/** TCP, small UDP packets and round trips between two containers, against Docker's own overlay. */
import { type Comparison, compare } from '../compare.ts';
import { type Context, SLOW } from '../context.ts';
import { costs } from '../cost.ts';
import type { Path } from '../path.ts';
import { answer, startIn } from '../programs.ts';
import { rates } from '../rates.ts';
import { figure } from '../result.ts';
import { oneByOne } from '../rounds.ts';
import type { Traffic } from '../traffic.ts';

const PATHS = ['castnet', SLOW, 'overlay', 'hand-made', 'bare'] as const;

/** Streams of iperf3. Several have modes: which of them share a processor is another draw each time. */
const STREAMS = [
  { streams: 1, overlay: 1.1, fewest: 3 },
  { streams: 8, overlay: 1, fewest: 8 },
  { streams: 32, overlay: 1, fewest: 8 },
];

/** TCP by iperf3: one stream, and several at once. */
export async function measureTcp(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  for (const { streams, overlay, fewest } of STREAMS) {
    const title = streams === 1 ? 'TCP, one stream' : `TCP, ${streams} streams`;
    const others = { overlay: { atLeast: overlay }, 'hand-made': { atLeast: 0.97 }, bare: {} };
    await tcp(context, { paths, streams }, { title, others, fewest });
  }
}

/** Compares Gbit/s of TCP, a second each. */
export async function tcp(
  context: Context,
  { paths, streams }: { paths: readonly Path[]; streams: number },
  comparison: Omit<Comparison, 'unit'>,
): Promise<void> {
  const one = async (path: Path) => {
    const value = await iperf(path, { streams, seconds: 1 });
    context.say(`${comparison.title}, ${path.name}: ${figure(value)} Gbit/s`);
    return value;
  };
  await compare(context, { of: paths }, { ...comparison, unit: 'Gbit/s' }, oneByOne(one));
}

/** @returns Gbit/s of TCP from a path's sender to its first receiver */
async function iperf(path: Path, how: Streams): Promise<number> {
  const to = path.receivers[0] as Path['sender'];
  const server = startIn(to.ns, ['iperf3', '-s', '-1', '-B', to.address, '--forceflush']);
  try {
    await server.ready();
    return await streamsTo(path.sender.ns, to.address, how);
  } finally {
    await server.kill();
  }
}

export interface Streams {
  readonly seconds: number;
  /** How many at once. */
  readonly streams: number;
}

/** @returns Gbit/s of TCP from a namespace to iperf3's server at an address, of all streams together */
export async function streamsTo(
  from: string,
  to: string,
  { seconds, streams }: Streams,
): Promise<number> {
  const how = ['-t', String(seconds), '-P', String(streams)];
  const call = ['iperf3', '-c', to, ...how, '-J'];
  const client = startIn(from, ['timeout', String(seconds + 10), ...call]);
  const out = JSON.parse(await client.done()) as {
    end: { sum_received: { bits_per_second: number } };
  };
  return out.end.sum_received.bits_per_second / 1e9;
}

/** Of the server whose connections are counted. */
export const CONNECT_PORT = 7100;

/** TCP connections a second, each opened and closed. */
export async function measureConnections(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const ms = context.quick ? 300 : 500;
  const one = async (path: Path) => {
    const to = path.receivers[0] as Path['sender'];
    const server = context.traffic.at(to, 'serve', { port: CONNECT_PORT });
    try {
      await server.ready();
      return await connections(context.traffic, { from: path.sender.ns, to: to.address, ms });
    } finally {
      await server.kill();
    }
  };
  const others = { overlay: { atLeast: 1 }, 'hand-made': { atLeast: 0.97 }, bare: {} };
  const comparison = { title: 'TCP connections', unit: 'a second', others };
  await compare(context, { of: paths }, comparison, oneByOne(one));
}

/** @returns TCP connections a second that a namespace makes to a server at an address */
export async function connections(
  traffic: Traffic,
  { from, to, ms }: { from: string; to: string; ms: number },
): Promise<number> {
  const call = traffic.at({ ns: from }, 'connect', { to, port: CONNECT_PORT, ms });
  const counted = await answer<{ made: number; failed: number; ms: number }>(call);
  // At such a rate a port is used again within seconds, which now and then is refused on any path.
  if (counted.failed > counted.made / 1000) {
    throw new Error(`${counted.failed} of ${counted.made} connections to ${to} failed`);
  }
  return (counted.made * 1000) / counted.ms;
}

/** The most 64-byte packets a second that all arrive. */
export async function measureSmallPackets(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const trial = { paths, size: 64, start: 75_000 };
  await rates(context, trial, {
    ...{ title: 'UDP 64 B', what: 'UDP 64 B without loss' },
    others: { overlay: { atLeast: 1.3 }, 'hand-made': {} },
  });
  await costs(
    context,
    { paths, size: 64, rate: 60_000 },
    {
      title: 'CPU time per packet of UDP 64 B',
      others: { overlay: {}, 'hand-made': { atMost: 1.03 }, bare: {} },
    },
  );
}

/** Round trips of 64 bytes, each end on a CPU of its own: left to the scheduler they have two modes. */
export async function measureRoundTrip(context: Context): Promise<void> {
  const paths = await context.paths(PATHS);
  const one = async (path: Path) => {
    const to = path.receivers[0] as Path['sender'];
    const echo = context.traffic.at(to, 'echo', { local: to.address, port: 7001, cpu: 1 });
    try {
      await echo.ready();
      const count = context.quick ? 3000 : 6000;
      const ping = { to: to.address, port: 7001, local: path.sender.address, count, cpu: 0 };
      return (await answer<{ p50: number }>(context.traffic.at(path.sender, 'ping', ping))).p50;
    } finally {
      await echo.kill();
    }
  };
  const comparison: Comparison = {
    ...{ title: 'Round trip, 64 B, p50, pinned', unit: 'µs', more: false },
    others: { overlay: { atMost: 1 }, 'hand-made': {}, bare: {} },
  };
  await compare(context, { of: paths }, comparison, oneByOne(one));
}
