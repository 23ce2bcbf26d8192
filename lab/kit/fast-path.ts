/** What a host's kernel has of the fast path, read without the agent. */
import { factOf } from '../../src/core/fastpath/entries.ts';
import type { GroupFact } from '../../src/core/fastpath/groups.ts';
import { FAST_COUNTS, type FastCount } from '../../src/core/fastpath/tallies.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { hostReport } from './agent.ts';

const PLUGIN = 'castnet:latest';
export type FastCounts = Record<FastCount, number>;

type Dump = { values: { value: string[] }[] }[];

/** What the programs of a host have counted so far, of all processors. */
export async function fastCounts(host: LabHost): Promise<FastCounts> {
  const script = 'bpftool -j map dump pinned /run/castnet/bpf/*/maps/counts';
  const { stdout } = await host.exec(['sh', '-c', script]);
  const sums = (JSON.parse(stdout) as Dump).map(({ values }) =>
    values.reduce((sum, { value }) => sum + littleEndian(value), 0),
  );
  return Object.fromEntries(FAST_COUNTS.map((it, at) => [it, sums[at] ?? 0])) as FastCounts;
}

type Entries = { key: string[]; value: string[] }[];

/** The groups that the programs of a host know. */
export async function fastGroups(host: LabHost): Promise<GroupFact[]> {
  const script = 'bpftool -j map dump pinned /run/castnet/bpf/*/maps/groups';
  const { stdout } = await host.exec(['sh', '-c', script]);
  return (JSON.parse(stdout) as Entries).flatMap(({ key, value }) => {
    const fact = factOf({ map: 'groups', key: key.map(Number), value: value.map(Number) });
    return fact?.kind === 'group' ? [fact] : [];
  });
}

/** Waits until the programs of a host give a group to so many members there, and to so many hosts. */
export async function fastGroup(
  host: LabHost,
  of: { group: string; members: number; hosts: number },
): Promise<void> {
  await until(
    async () => {
      const found = (await fastGroups(host)).find((it) => it.group === of.group);
      const [members, hosts] = [found?.ports.length ?? 0, found?.hosts.length ?? 0];
      if (members === of.members && hosts === of.hosts) return true;
      throw new Error(`${members} members, ${hosts} hosts`);
    },
    { what: `${host.name}: ${of.group}`, timeoutMs: 10_000, everyMs: 20 },
  );
}

/** What the programs of these hosts counted while something was done, by host. */
export async function countedFast(
  hosts: readonly LabHost[],
  work: () => Promise<unknown>,
): Promise<Record<string, FastCounts>> {
  const before = await Promise.all(hosts.map(fastCounts));
  await work();
  const after = await Promise.all(hosts.map(fastCounts));
  const since = hosts.map(({ name }, at) => {
    const more = FAST_COUNTS.map((it) => [it, (after[at]?.[it] ?? 0) - (before[at]?.[it] ?? 0)]);
    return [name, Object.fromEntries(more) as FastCounts];
  });
  return Object.fromEntries(since);
}

const littleEndian = (bytes: readonly string[]): number =>
  bytes.reduceRight((sum, it) => sum * 256 + Number(it), 0);

/** Traces of the fast path at a host, by what the kernel says; none when it has none. */
export async function fastTraces(host: LabHost): Promise<string[]> {
  const script = [
    'bpftool net show | grep -E "(from|to)_(wire|container)"',
    'ip netns exec castnet bpftool net show | grep -E "(from|to)_(wire|container)"',
    'ip -o link show dev cfh 2>/dev/null',
    'grep /run/castnet/bpf /proc/mounts',
  ].join('; ');
  const { stdout } = await host.exec(['sh', '-c', `${script}; true`]);
  return stdout.split('\n').filter((it) => it !== '');
}

/** Devices of the host's own namespace that have a tc hook. */
export async function tcHooks(host: LabHost): Promise<string[]> {
  const { stdout } = await host.exec(['tc', 'qdisc', 'show']);
  return [...stdout.matchAll(/^qdisc clsact \S+ dev (\S+)/gm)].map((it) => it[1] ?? '');
}

/** Sets `CASTNET_FASTPATH` of a host's plugin, which begins anew with it. */
export async function setFastPath(host: LabHost, value: 'on' | 'off' | 'auto'): Promise<void> {
  await host.docker(['plugin', 'disable', '-f', PLUGIN]);
  await host.docker(['plugin', 'set', PLUGIN, `CASTNET_FASTPATH=${value}`]);
  await host.docker(['plugin', 'enable', PLUGIN]);
}

/** Waits until a network's packets take a step on a host, and why no other one, in the agent's words. */
export async function fastStep(
  host: LabHost,
  of: { network: string; step: 'none' | 'unicast' | 'groups'; why: RegExp },
): Promise<void> {
  await until(
    async () => {
      const { networks } = await hostReport(host);
      const found = networks.find((it) => it.name === of.network)?.fastPath;
      if (found?.step === of.step && of.why.test(found.why)) return true;
      throw new Error(JSON.stringify(found));
    },
    { what: `${host.name}: ${of.network} ${of.step}`, timeoutMs: 60_000, everyMs: 100 },
  );
}
