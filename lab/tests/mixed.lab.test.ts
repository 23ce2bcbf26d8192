/**
 * A Swarm of mixed Docker Engines, upgraded one host at a time on its own disk, as `apt upgrade` does:
 * what is lost is lost with the containers of the host that is down.
 */
import { describe, expect, it } from 'vitest';
import { changeEngine, rebootHost } from '../change.ts';
import type { EngineName } from '../engines/names.ts';
import { agentPid } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import {
  type Container,
  containerCount,
  containersOf,
  containersOn,
  createNetwork,
  tasksRun,
} from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import { Caller, createWeb, spreads, vipsOf } from '../kit/vip.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { whyWithout } from './support/engines.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.73.0.1';
const NET = 'mixed';
/** Packets per second. */
const RATE = 100;
/**
 * Within this time of the Engine's stop no call fails any more, milliseconds: between the end of a
 * task's program and its removal from every balancer calls are refused. Seen: none to five, 60 ms.
 */
const ENDS_MS = 2_000;

const why = await whyWithout('bookworm', 'trixie', 'sid');

describe.skipIf(why !== '')(`a Swarm of mixed Docker Engines${why}`, () => {
  const lab = useLab('mixed', { engine: 'bookworm' });

  it('begins with the oldest Engine on every host', async () => {
    await createNetwork(lab(), NET);
    await createWeb(lab(), { name: 'web', networks: [NET], replicas: 3, global: true });
    await containerCount(lab(), NET, 3);
    await settled(lab(), NET);
    expect(new Set(await versions()).size).toBe(1);
  });

  it.each<[string, EngineName, number]>([
    ['h3', 'trixie', 2],
    ['h3', 'sid', 2],
    ['h2', 'trixie', 3],
    ['h1', 'sid', 2],
  ])(
    '%s gets the Engine of %s: the others hear every packet, and calls fail only as its task ends',
    async (name, engine, different) => {
      const before = await containersOf(lab(), NET);
      const stations = await startStations(before.filter((it) => it.host.name !== name));
      const [from, to] = stations as [Station, Station];
      const caller = await Caller.start(from.container);
      const [vip = ''] = await vipsOf(lab(), 'web');
      for (const it of stations) await it.join(GROUP);
      await groupReady(stations, GROUP);
      await spreads(caller, vip, 3);

      const tag = `${name}-${engine}`;
      await from.stream({ to: GROUP, tag, rate: RATE });
      await caller.load(vip);
      const agent = await agentPid(lab().host(name));
      const began = Date.now();
      const upgraded = await changeEngine(lab(), lab().host(name), { engine });
      const back = await Station.start(await newTask(upgraded, before));
      // Docker stops its plugins with itself but for live-restore, which it refuses in a Swarm: so a new
      // agent speaks with the new Engine from the first call.
      expect(await agentPid(upgraded)).not.toBe(agent);
      expect(await dockerFaults(upgraded)).toEqual([]);
      await back.join(GROUP);
      await back.hears(from, { tag, count: 2 * RATE });
      const sent = await from.stop(tag);
      const calls = await caller.stop();
      for (const it of [to, back]) {
        await until(async () => (await it.heard(tag))[0]?.last === sent || undefined, {
          what: `the last packet at ${it.name}`,
          timeoutMs: 5_000,
        });
      }
      expect((await to.heard(tag))[0]).toMatchObject({ count: sent, doubles: 0, missing: [] });
      // Of those since it came back.
      expect((await back.heard(tag))[0]).toMatchObject({ doubles: 0, missing: [] });
      expect(calls.failures.filter(({ at }) => at - began > ENDS_MS)).toEqual([]);
      expect(Object.keys(calls.answers).length).toBeGreaterThanOrEqual(2);

      await settled(lab(), NET);
      await spreads(caller, vip, 3);
      expect(await caller.resolve('tasks.web')).toHaveLength(3);
      expect(new Set(await versions()).size).toBe(different);
      await caller.close();
      await closeStations([...stations, back]);
    },
    180_000,
  );

  it('a host that loses its power has the same Engine when it boots', async () => {
    const before = await versions();
    const booted = await rebootHost(lab(), lab().host('h3'));
    expect(booted.engine).toBe('sid');
    expect(await versions()).toEqual(before);
  });

  /** What the agent lacks of Docker. */
  async function dockerFaults(host: LabHost): Promise<unknown[]> {
    const { stdout } = await castnetOn(host, ['status', '--json']);
    const { faults = [] } = JSON.parse(stdout) as { faults?: { subject: string }[] };
    return faults.filter((it) => ['docker', 'networks', 'tasks'].includes(it.subject));
  }

  /** What each host's Engine is, as it says itself. */
  function versions(): Promise<string[]> {
    const format = ['version', '--format', '{{.Server.Version}}'];
    return Promise.all(lab().hosts.map((host) => host.docker(format)));
  }

  /** The task that Swarm runs on a host in the place of the one that ended. */
  async function newTask(host: LabHost, before: readonly Container[]): Promise<Container> {
    const task = await until(
      async () => {
        const now = await containersOn(host, NET);
        return now.find((it) => !before.some(({ id }) => id === it.id));
      },
      { what: `a new task on ${host.name}`, timeoutMs: 60_000, everyMs: 100 },
    );
    await tasksRun(lab(), 'web', 3);
    return task;
  }
});
