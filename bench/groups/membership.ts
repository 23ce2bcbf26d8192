/** How fast a host follows its containers' joins and leaves. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { Path, Station } from '../path.ts';
import { answer } from '../programs.ts';
import { figure, median, quantile, rowOf } from '../result.ts';

const PORT = 7002;
/** Milliseconds each group is sent to; the join happens in the first quarter. */
const SLOT_MS = 200;
/** For how long a packet is waited for. */
const WAIT_MS = 150;

/**
 * Times from IP_ADD_MEMBERSHIP to the first packet, each with a group that was never joined before.
 * The same with the sender on the receiver's own host shows how much of it is Linux's own report,
 * which no network has any part in.
 */
export async function measureJoins(context: Context): Promise<void> {
  const path = await context.path('castnet');
  const [receiver, beside] = path?.receivers ?? [];
  if (path === undefined || receiver === undefined || beside === undefined) return;
  const count = context.quick ? 12 : 50;
  const local = await joins(context, {
    from: beside,
    to: receiver,
    first: '239.77.1.1',
    count: 10,
  });
  const remote = await joins(context, {
    from: path.sender,
    to: receiver,
    first: '239.77.2.1',
    count,
  });
  const got = remote.filter((ms) => ms >= 0);
  const lost = remote.length - got.length;
  const linux = median(local.filter((ms) => ms >= 0));
  const all = remote.map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : ms));
  context.findings.rows.push(
    rowOf({
      figure: `IGMP join to first packet from another host, median of ${count}`,
      value: median(all),
      unit: 'ms',
      atMost: 20,
      from: `${figure(linux)} ms when the sender is on the same host`,
    }),
    rowOf({
      figure: 'The same, p99',
      value: quantile(all, 0.99),
      unit: 'ms',
      atMost: 50,
      from: `p90 ${figure(quantile(all, 0.9))} ms, ${lost} joins without a packet within ${WAIT_MS} ms`,
    }),
  );
  context.say(`join: median ${figure(median(all))} ms, of it ${figure(linux)} ms Linux's own`);
}

interface Joins {
  from: Station;
  to: Station;
  /** The first of `count` consecutive groups. */
  first: string;
  count: number;
}

async function joins({ traffic }: Context, { from, to, first, count }: Joins): Promise<number[]> {
  // hrtime is CLOCK_MONOTONIC, the clock of the program.
  const t0 = (process.hrtime.bigint() + 500_000_000n).toString();
  const shared = { port: PORT, groups: count, slot_ms: SLOT_MS, t0 };
  const own = { group: first, local: to.address, wait_ms: WAIT_MS };
  const joining = traffic.at(to, 'join', { ...shared, ...own });
  const calling = traffic.at(from, 'call', {
    ...shared,
    to: first,
    local: from.address,
    rate: 10_000,
    size: 100,
  });
  const [{ us }] = await Promise.all([answer<{ us: number[] }>(joining), calling.done()]);
  return us.map((value) => (value < 0 ? -1 : value / 1000));
}

/** Time from the last member's leaving to the last copy on the sender's underlay. */
export async function measureLeaves(context: Context): Promise<void> {
  const path = await context.path('castnet');
  if (path === undefined) return;
  const times: number[] = [];
  for (let i = 0; i < (context.quick ? 1 : 3); i++) times.push(await leave(context, path, i));
  context.findings.rows.push(
    rowOf({
      figure: 'Last member leaves to copies stopped, the longest',
      value: Math.max(...times) / 1000,
      unit: 's',
      atMost: 2.5,
      from: `median of ${times.length} ${figure(median(times) / 1000)} s`,
    }),
  );
  context.say(`leave: copies stop after ${figure(Math.max(...times) / 1000)} s`);
}

const RATE = 2000;
/** How long there is a member, and how long is sent: on, for longer than a host may take to notice. */
const MEMBER_MS = 600;
const SEND_MS = MEMBER_MS + 2800;
const EVERY_MS = 10;

async function leave({ traffic }: Context, path: Path, round: number): Promise<number> {
  const group = `239.78.0.${round + 1}`;
  const member = path.receivers[0] as Station;
  const uplink = path.uplinks[0] as { ns: string; device: string };
  const [hold] = await traffic.hold([member], group);
  if (hold === undefined) throw new Error('no member was started');
  const { address: local } = path.sender;
  const send = { to: group, port: PORT, local, size: 100, rate: RATE, ms: SEND_MS };
  const sending = traffic.at(path.sender, 'send', send);
  const watching = traffic.at(uplink, 'watch', {
    iface: uplink.device,
    ms: SEND_MS - 100,
    every_us: EVERY_MS * 1000,
  });
  await delay(MEMBER_MS);
  hold.close();
  const { left } = await answer<{ left: number }>(hold);
  const { samples } = await answer<{ samples: [number, number][] }>(watching);
  await sending.done();
  return lastBusy(samples, left) / 1e6;
}

/** Samples that are looked at together: the Swarm's own packets come in bursts as short as one. */
const WINDOW = 5;

/** Nanoseconds from `left` to the end of the last stretch in which half of what is sent went out. */
function lastBusy(samples: [number, number][], left: number): number {
  const half = (RATE * EVERY_MS * WINDOW) / 1000 / 2;
  let last = Number.NaN;
  for (const [i, [time, packets]] of samples.entries()) {
    const before = samples[i - WINDOW];
    if (before !== undefined && packets - before[1] >= half) last = time;
  }
  if (Number.isNaN(last)) throw new Error('no copy was sent while there was a member');
  return Math.max(0, last - left);
}
