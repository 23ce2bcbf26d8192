/** What the fast path stands on is taken away, filled or another's: packets go the slow path, none is lost. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentPid, healthy } from '../kit/agent.ts';
import {
  countedFast,
  fastCounts,
  fastGroup,
  fastStep,
  fastTraces,
  setFastPath,
} from '../kit/fast-path.ts';
import { settled } from '../kit/kernel.ts';
import { createNetwork, removeContainers, removeNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { useLab } from './support/lab.ts';

const NET = 'fast-bad';
const GROUP = '239.80.0.1';
const COUNT = 300;
/** Packets per second. */
const RATE = 500;
/** Entries that a map takes: bpf/fastpath.c, bpf/groups.h, bpf/tallies.h. */
const ROOM = { stations: 65_536, groups: 8192, flows: 16_384 };
const BPF = '/run/castnet/bpf';

const lab = useLab('fastbad', { hosts: 2, managers: 1 });
const host = (name: string): LabHost => lab().host(name);
let stations: Station[] = [];
const on = (name: string): Station =>
  stations.find((it) => it.container.name === `fb-${name}`) as Station;
const sh = (at: LabHost, script: string): Promise<string> =>
  mustRun(at.enter(['sh', '-c', script]), { timeoutMs: 120_000 });
const isFast = () =>
  Promise.all(
    ['h1', 'h2'].map((it) =>
      fastStep(host(it), { network: NET, step: 'groups', why: /broadcast/ }),
    ),
  );

beforeAll(async () => {
  await Promise.all(lab().hosts.map((it) => setFastPath(it, 'on')));
  await createNetwork(lab(), NET);
  const containers = [];
  for (const name of ['h1', 'h2'])
    containers.push(await runContainer(host(name), { network: NET, name: `fb-${name}` }));
  await settled(lab(), NET);
  stations = await startStations(containers);
  await isFast();
  for (const it of ['h1', 'h2']) await on(it).join(GROUP);
  for (const it of ['h1', 'h2']) await fastGroup(host(it), { group: GROUP, members: 1, hosts: 1 });
});
afterAll(async () => {
  await closeStations(stations);
  await removeContainers(stations.map((it) => it.container));
  await removeNetwork(lab(), NET);
});

/** Both a container and a group hear each packet of a stream from h1 while something is done. */
async function losesNothing(tag: string, work: () => Promise<unknown>): Promise<void> {
  const streams = [
    [on('h2').container.ip, `${tag}-one`],
    [GROUP, `${tag}-group`],
  ] as const;
  for (const [to, name] of streams) await on('h1').stream({ to, tag: name, rate: RATE });
  let sent: number[] = [];
  try {
    await work();
  } finally {
    sent = await Promise.all(streams.map(([, name]) => on('h1').stop(name)));
  }
  for (const [at, [, name]] of streams.entries()) {
    const heard = await until(
      async () => {
        const found = (await on('h2').heard(name))[0];
        if (found?.last === sent[at]) return found;
        throw new Error(`${found?.last} of ${sent[at]}`);
      },
      { what: `the last of ${name}`, timeoutMs: 5_000 },
    );
    expect(heard, name).toMatchObject({ count: sent[at], doubles: 0, missing: [] });
  }
}

/** Waits until packets go the fast path at both hosts again. */
async function untilTaken(): Promise<void> {
  await isFast();
  await until(
    async () => {
      const before = await Promise.all(lab().hosts.map(fastCounts));
      await on('h1').say({ to: on('h2').container.ip, tag: 'probe' });
      await on('h1').say({ to: GROUP, tag: 'probe' });
      const after = await Promise.all(lab().hosts.map(fastCounts));
      const more = (at: number, of: 'sent' | 'grouped' | 'received' | 'copied') =>
        (after[at]?.[of] ?? 0) > (before[at]?.[of] ?? 0);
      const all = more(0, 'sent') && more(0, 'grouped') && more(1, 'received') && more(1, 'copied');
      return all || undefined;
    },
    { what: 'both by the fast path', timeoutMs: 30_000 },
  );
}

/** The agent looks again when the host's addresses change, and else after up to 20 s. */
const stir = (at: LabHost): Promise<string> =>
  sh(at, 'for verb in add del; do ip address $verb 198.51.100.78/32 dev lo; done');

it('the file system of its pins is unmounted: it is made anew', async () => {
  await untilTaken();
  await losesNothing('unmounted', async () => {
    for (const it of lab().hosts) await sh(it, `umount -l ${BPF}`);
    for (const it of lab().hosts) await stir(it);
    await untilTaken();
  });
  await healthy(lab(), { withinMs: 15_000 });
});

it('a map’s pin is taken away: programs and maps are made anew', async () => {
  await losesNothing('unpinned', async () => {
    await sh(host('h1'), `rm ${BPF}/*/maps/groups`);
    await sh(host('h2'), `rm ${BPF}/*/maps/self ${BPF}/*/from_wire`);
    for (const it of lab().hosts) await stir(it);
    await untilTaken();
  });
  await healthy(lab(), { withinMs: 15_000 });
});

it('programs of another build are pinned and at the card: they are let go of', async () => {
  const at = host('h2');
  const other = `${BPF}/0123456789ab`;
  const card = /dev (\S+)/.exec(await sh(at, `ip -o route get ${host('h1').address}`))?.[1] ?? '';
  await losesNothing('other', async () => {
    // A copy of the programs with maps of their own, as another build would be.
    const object = (
      await sh(at, 'ls /var/lib/docker/plugins/*/rootfs/usr/lib/castnet/fastpath.o')
    ).trim();
    await sh(at, `bpftool prog loadall ${object} ${other} pinmaps ${other}/maps`);
    await sh(
      at,
      `tc filter replace dev ${card} ingress pref 1 handle 1 bpf direct-action object-pinned ${other}/from_wire`,
    );
    await stir(at);
    await until(
      async () => ((await sh(at, `ls ${BPF}`)).includes('0123456789ab') ? undefined : true),
      {
        what: 'the other build gone',
        timeoutMs: 30_000,
      },
    );
    await untilTaken();
  });
});

it('its file system takes no pins: status says why, and it is made anew', async () => {
  const at = host('h2');
  await losesNothing('read-only', async () => {
    await setFastPath(at, 'off');
    await fastStep(at, { network: NET, step: 'none', why: /is off/ });
    // All of it: an agent that is still taking it away would take away the next one too.
    await until(async () => (await fastTraces(at)).length === 0 || undefined, {
      what: 'nothing left of the fast path',
      timeoutMs: 20_000,
    });
    await sh(at, `mkdir -p ${BPF} && mount -t bpf -o ro bpf ${BPF}`);
    await setFastPath(at, 'on');
    await fastStep(at, { network: NET, step: 'none', why: /[Rr]ead-only|EROFS/ });
    await untilTaken();
  });
});

/** Lines for bpftool by which a map holds as many entries as it takes. */
const filling = (
  map: keyof typeof ROOM,
  directory: string,
  key: (nth: number) => string,
  value: string,
) =>
  Array.from(
    { length: ROOM[map] },
    (_, nth) => `map update pinned ${directory}/${map} key hex ${key(nth)} value hex ${value}`,
  ).join('\n');
const hex = (bytes: readonly number[]): string =>
  bytes.map((it) => it.toString(16).padStart(2, '0')).join(' ');
const zeros = (count: number): string => hex(new Array(count).fill(0));
const numbered = (nth: number, after: number): string =>
  hex([nth & 255, (nth >> 8) & 255, 99, ...new Array(after - 3).fill(0)]);

async function fill(at: LabHost, lines: string): Promise<void> {
  // The maps have entries already, so the last ones are refused.
  await at.exec(['sh', '-c', 'bpftool batch file - 2>/dev/null; true'], { input: `${lines}\n` });
}

it('maps of containers and groups are full while the agent sleeps: the bridge has who comes, then all is well', async () => {
  const at = host('h1');
  const pid = String(await agentPid(at));
  const directory = (await sh(at, `ls -d ${BPF}/*/maps`)).trim();
  await losesNothing('full', async () => {
    await mustRun(at.enter(['kill', '-STOP', pid]));
    try {
      await fill(
        at,
        filling('stations', directory, (it) => numbered(it, 12), zeros(8)),
      );
      await fill(
        at,
        filling('groups', directory, (it) => numbered(it, 20), zeros(136)),
      );
    } finally {
      await mustRun(at.enter(['kill', '-CONT', pid]));
    }
    const late = await runContainer(at, { network: NET, name: 'fb-late' });
    const [station] = await startStations([late]);
    await station?.say({ to: on('h2').container.ip, tag: 'late', count: COUNT, rate: RATE });
    const from = station as Station;
    expect(await on('h2').hears(from, { tag: 'late', count: COUNT })).toMatchObject({ doubles: 0 });
    await untilTaken();
    await closeStations([from]);
    await removeContainers([late]);
  });
  await healthy(lab(), { withinMs: 30_000 });
});

it('no room to count what is said to a group: it is the bridge’s, and its meter’s', async () => {
  const at = host('h1');
  const directory = (await sh(at, `ls -d ${BPF}/*/maps`)).trim();
  const pid = String(await agentPid(at));
  const group = '239.80.0.9';
  await on('h2').join(group);
  await fastGroup(at, { group, members: 0, hosts: 1 });
  await until(
    async () => {
      const before = (await fastCounts(at)).grouped;
      await on('h1').say({ to: GROUP, tag: 'probe' });
      return (await fastCounts(at)).grouped > before || undefined;
    },
    { what: 'groups by the fast path', timeoutMs: 10_000 },
  );
  await mustRun(at.enter(['kill', '-STOP', pid]));
  try {
    const value = zeros(16);
    await fill(
      at,
      filling('flows', directory, (it) => numbered(it, 20), value),
    );
    const counts = await countedFast([at], async () => {
      await on('h1').say({ to: group, tag: 'uncounted', count: COUNT, rate: RATE });
      const heard = await on('h2').hears(on('h1'), { tag: 'uncounted', count: COUNT });
      expect(heard).toMatchObject({ doubles: 0, missing: [] });
    });
    expect(counts.h1?.grouped).toBe(0);
  } finally {
    await mustRun(at.enter(['kill', '-CONT', pid]));
  }
});
