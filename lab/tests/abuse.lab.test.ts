/** What a broken or hostile container sends: the agent stays up, the others notice nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { groupMac } from '../../src/net/group.ts';
import { agentLog, agentPid, groupsTable, healthy, hostReport, plan } from '../kit/agent.ts';
import { joinReports, malformedReports } from '../kit/frames.ts';
import { type Container, removeContainers, runContainer } from '../kit/stack.ts';
import { until } from '../run.ts';
import { useCrew } from './support/crew.ts';
import { untilHeard } from './support/group.ts';
import { sendFrames } from './support/inside.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('abuse');
const crew = useCrew(lab, { network: 'abused', args: ['--opt', 'ipv6=fd00:ab::/64'] });
const { station, copiedTo } = crew;
const STEADY = '239.60.0.1';
/** The container that misbehaves, on h2. */
let bad: Container;
let pids: (number | undefined)[] = [];

const agents = () => Promise.all(lab().hosts.map((host) => agentPid(host)));

beforeAll(async () => {
  pids = await agents();
  bad = await runContainer(lab().host('h2'), { network: 'abused', name: 'bad' });
  for (const host of ['h2', 'h3']) await station(host).join(STEADY);
  await copiedTo('h1', groupMac(STEADY), ['h2', 'h3']);
});
afterAll(async () => {
  expect(await agents(), 'the same agents as before').toEqual(pids);
});

/**
 * Does something while others speak by unicast and by a group.
 * @param mayMiss share of their packets that may be lost; by default none
 */
async function undisturbed(tag: string, work: () => Promise<void>, mayMiss = 0): Promise<void> {
  const [from, ...receivers] = [station('h1'), station('h2'), station('h3')] as const;
  await from.stream({ to: STEADY, tag, rate: 200 });
  await from.stream({ to: station('h2').container.ip, tag: `${tag}-unicast`, rate: 200 });
  await station('h2').hears(from, { tag, count: 20 });
  await work();
  const sent = await from.stop(tag);
  const sentAlone = await from.stop(`${tag}-unicast`);
  const least = (count: number): number => Math.ceil(count * (1 - mayMiss));
  for (const one of receivers) {
    expect(await one.hears(from, { tag, count: least(sent) })).toMatchObject({ doubles: 0 });
  }
  const tagAlone = `${tag}-unicast`;
  const alone = await station('h2').hears(from, { tag: tagAlone, count: least(sentAlone) });
  expect(alone).toMatchObject({ doubles: 0 });
}

it('malformed IGMP and MLD of every kind', async () => {
  const frames = malformedReports(bad.ip);
  await undisturbed('malformed', async () => {
    await sendFrames(bad, Array.from({ length: 100 }, () => frames).flat());
    // Who joins meanwhile is heard of as ever, on the same host too.
    for (const host of ['h2', 'h3']) await station(host, 'b').join('239.60.0.2');
    await copiedTo('h1', groupMac('239.60.0.2'), ['h2', 'h3']);
  });
  for (const host of lab().hosts) expect(await plan(host), host.name).toEqual([]);
});

it('10 000 groups of one container are refused but for the first, counted and named', async () => {
  const groups = Array.from({ length: 10_000 }, (_, at) => `239.61.${at >> 8}.${at & 255}`);
  const told = (): Promise<string[]> => agentLog(lab().host('h2'), 'groups are not told');
  const before = (await told()).length;
  await undisturbed('flood', async () => {
    const flood = sendFrames(bad, joinReports(bad.ip, groups));
    // In the midst of it another container of that host joins a group.
    await station('h2').join('239.60.0.3');
    await copiedTo('h1', groupMac('239.60.0.3'), ['h2']);
    await flood;
  });
  const refused = await until(
    async () => {
      const { networks } = await hostReport(lab().host('h2'));
      const found = networks.find((it) => it.vni === crew.vni())?.refused[0];
      return (found?.count ?? 0) >= groups.length - 1024 ? found : undefined;
    },
    { what: 'the refusal of the surplus', timeoutMs: 15_000 },
  );
  expect(refused).toMatchObject({ reason: 'more than the 1024 groups of max-groups' });
  await healthy(lab(), { withinMs: 10_000 });

  const table = await groupsTable(lab().host('h1'));
  const rows = table.groups.flatMap((it) => it.refused ?? []);
  expect(rows).toEqual([
    {
      container: bad.name,
      host: lab().host('h2').address,
      groups: refused.count,
      reason: refused.reason,
    },
  ]);
  const lines = await until(
    async () => {
      const found = (await told()).slice(before);
      return found.length > 0 ? found : undefined;
    },
    { what: 'a line in the log', timeoutMs: 5_000 },
  );
  expect(lines.at(-1)).toContain(bad.name);
  expect(lines.length).toBeLessThan(5);
});

it('a container that fills the bridge’s table is silenced; others go on, and who joins is heard', async () => {
  const told = (): Promise<string[]> => agentLog(lab().host('h2'), 'a container is silenced');
  const before = (await told()).length;
  const groups = Array.from({ length: 40_000 }, (_, at) => `239.62.${at >> 8}.${at & 255}`);
  await undisturbed(
    'full',
    async () => {
      // Not all at once: one kernel works for all hosts here, and would drop what it gets meanwhile.
      for (let at = 0; at < groups.length; at += 5_000) {
        await sendFrames(bad, joinReports(bad.ip, groups.slice(at, at + 5_000)));
      }
      await station('h2', 'b').join('239.60.0.4');
      // The agent first has to read a table of that size, some seconds on a busy machine.
      const copied = () => copiedTo('h1', groupMac('239.60.0.4'), ['h2']).then(() => true);
      await until(copied, { what: 'a join during the flood', timeoutMs: 40_000 });
      // One kernel works for all hosts here: while it takes the flood it may drop what others send.
    },
    0.02,
  );
  await until(
    async () => {
      const { groups: table } = await groupsTable(lab().host('h1'));
      const found = table
        .flatMap((it) => it.refused ?? [])
        .filter((it) => it.container === bad.name);
      return found.some((it) => it.reason.includes('IGMP and MLD are dropped')) || undefined;
    },
    { what: 'the silenced container in the table', timeoutMs: 10_000 },
  );
  expect((await told()).length - before).toBe(1);
  // Its own reports are not listened to, whatever it sends now.
  await sendFrames(bad, joinReports(bad.ip, ['239.62.200.200']));
  await healthy(lab(), { withinMs: 10_000 });
  const { networks } = await hostReport(lab().host('h2'));
  const joined = networks.find((it) => it.vni === crew.vni())?.groups ?? [];
  expect(joined.filter((it) => it.group.startsWith('239.62.'))).toEqual([]);
});

it('when that container ends its groups are forgotten everywhere, and others go on', async () => {
  await removeContainers([bad]);
  await until(
    async () => {
      const { networks } = await hostReport(lab().host('h2'));
      const network = networks.find((it) => it.vni === crew.vni());
      return (network?.refused.length === 0 && network.groups.length < 50) || undefined;
    },
    { what: 'the end of the flood', timeoutMs: 20_000 },
  );
  await healthy(lab(), { withinMs: 10_000 });
  await station('h3').join('239.61.0.1');
  await untilHeard({ from: station('h1'), at: station('h3'), group: '239.61.0.1' });
});
