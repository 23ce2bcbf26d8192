/** The table of groups says what really is: members, sources, senders, rates, copies. */
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { GroupRow } from '../../src/contract/commands.ts';
import { groupsTable } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import type { Station } from '../kit/station.ts';
import { until } from '../run.ts';
import { Capture } from './support/capture.ts';
import { useCrew } from './support/crew.ts';
import { untilHeard } from './support/group.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('table');
const { station } = useCrew(lab, { network: 'table' });
const streams: [Station, string][] = [];
afterEach(async () => {
  for (const [from, tag] of streams.splice(0)) await from.stop(tag);
});

const RATE = 400;
/** Bytes of each datagram, and of the Ethernet, IP and UDP headers around it. */
const SIZE = 600;
const HEADERS = 14 + 20 + 8;

const address = (host: string): string => lab().host(host).address;
const place = (of: Station) => ({
  container: of.container.name,
  host: of.container.host.address,
});

/** The row of a group as h3's agent tells it, once it is as it shall be. */
async function row(group: string, fits: (row: GroupRow) => boolean): Promise<GroupRow> {
  let last: GroupRow | undefined;
  return until(
    async () => {
      last = (await groupsTable(lab().host('h3'))).groups.find((it) => it.group === group);
      if (last !== undefined && fits(last)) return last;
      throw new Error(JSON.stringify(last));
    },
    { what: `the row of ${group}`, timeoutMs: 15_000 },
  );
}

async function stream(from: Station, group: string): Promise<void> {
  await from.stream({ to: group, tag: group, rate: RATE, size: SIZE });
  streams.push([from, group]);
}

it('a group with members on two hosts and a sender on a third, asked of any host', async () => {
  const group = '239.80.0.1';
  const [sender, ...members] = [station('h1'), station('h2'), station('h2', 'b'), station('h3')];
  for (const each of members) await each.join(group);
  const capture = await Capture.start(lab().host('h1'));
  await stream(sender as Station, group);
  const found = await row(
    group,
    (it) => it.packetsPerSecond > 0.7 * RATE && it.packetsPerSecond < 1.3 * RATE,
  );
  const byName = (a: { container: string }, b: { container: string }) =>
    a.container < b.container ? -1 : 1;
  expect(found.network).toBe('table');
  expect(found.sources).toBe('any');
  expect([...found.members].sort(byName)).toEqual(members.map(place));
  expect(found.senders).toEqual([{ ...place(sender as Station), source: sender?.container.ip }]);
  const size = found.bytesPerSecond / found.packetsPerSecond;
  expect(Math.abs(size - SIZE - HEADERS)).toBeLessThan(20);
  expect(found.copiedTo).toEqual([address('h2'), address('h3')]);
  expect(Object.keys(capture.copies(group)).sort()).toEqual(found.copiedTo);
  await capture.stop();
});

it('members that ask for one source, and a group that only the sender’s host has', async () => {
  const [source, other] = ['239.80.0.2', '239.80.0.3'];
  const [sender, near, far] = [station('h1'), station('h1', 'b'), station('h2')];
  await far.join(source, { source: sender.container.ip });
  await near.join(other);
  await untilHeard({ from: sender, at: far, group: source });
  await stream(sender, source);
  await stream(sender, other);
  const first = await row(source, (it) => it.senders.length > 0);
  expect(first.sources).toEqual([sender.container.ip]);
  expect(first.copiedTo).toEqual([address('h2')]);
  const second = await row(other, (it) => it.senders.length > 0);
  expect(second.members).toEqual([place(near)]);
  expect(second.copiedTo).toEqual([]);
});

it('a link-local group has no members to name, and is copied to every other host', async () => {
  await stream(station('h2'), '224.0.0.200');
  const found = await row('224.0.0.200', (it) => it.senders.length > 0);
  expect(found.copiedTo).toEqual([address('h1'), address('h3')]);
});

const COMMAND = [process.execPath, join(ROOT, 'bin/castnet.js'), 'groups', 'table'];

it('castnet groups shows it in columns, as JSON, and again and again with --watch', async () => {
  const group = '239.80.0.5';
  const [sender, member] = [station('h1'), station('h2')];
  await member.join(group);
  await untilHeard({ from: sender, at: member, group });
  await stream(sender, group);
  await row(group, (it) => it.packetsPerSecond > 0);
  const host = lab().host('h3');
  const { stdout, status } = await host.exec(COMMAND);
  expect(status).toBe(0);
  const [head = '', ...lines] = stdout.split('\n');
  // In a pipe, cells are parted by tabs.
  expect(head.split('\t').slice(0, 8)).toEqual([
    'NETWORK',
    'GROUP',
    'SOURCES',
    'MEMBERS',
    'SENDERS',
    'PKT/S',
    'B/S',
    'COPIED TO',
  ]);
  const line = lines.find((it) => it.includes(group)) ?? '';
  expect(line).toContain(`${member.container.name}@${address('h2')}`);
  expect(line).toContain(`${sender.container.name}@${address('h1')}`);
  const asJson = await host.exec([...COMMAND, '--json']);
  const found = (JSON.parse(asJson.stdout) as { groups: GroupRow[] }).groups;
  expect(found.find((it) => it.group === group)).toMatchObject({ members: [place(member)] });

  const watching = host.spawn([...COMMAND, '--watch']);
  let seen = '';
  watching.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(async () => seen.split(group).length > 2 || undefined, {
    what: 'the same group twice',
    timeoutMs: 15_000,
  });
  watching.kill();
});

it('a group that was left is in no row', async () => {
  const group = '239.80.0.4';
  await station('h3').join(group);
  await row(group, (it) => it.members.length === 1);
  await station('h3').leave(group);
  await until(
    async () => {
      const { groups } = await groupsTable(lab().host('h1'));
      return groups.every((it) => it.group !== group) || undefined;
    },
    { what: 'the end of the row', timeoutMs: 10_000 },
  );
});
