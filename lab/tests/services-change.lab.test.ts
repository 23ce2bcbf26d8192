/** A service changes under continuous load through its virtual address, and no request fails. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { killAgent, killAgentAndHold } from '../kit/agent.ts';
import {
  type Container,
  containersOf,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  tasksRun,
} from '../kit/stack.ts';
import {
  Caller,
  createWeb,
  newVersion,
  type Outcome,
  removeServices,
  spreads,
  vipsOf,
} from '../kit/vip.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const lab = useLab('changes');
/** On h1, whose host nothing happens to, and on h2. */
let callers: Caller[] = [];
let vip = '';

beforeAll(async () => {
  await createNetwork(lab(), 'vips');
  callers = await Promise.all(
    ['h1', 'h2'].map(async (name) =>
      Caller.start(
        await runContainer(lab().host(name), { network: 'vips', name: `caller-${name}` }),
      ),
    ),
  );
  const args = ['--update-order', 'start-first', '--update-delay', '1s', '--stop-grace-period=10s'];
  const rollback = ['--rollback-order', 'start-first', '--rollback-delay', '1s'];
  const spec = { networks: ['vips'], replicas: 3, args: [...args, ...rollback] };
  await createWeb(lab(), { name: 'web', ...spec });
  [vip = ''] = await vipsOf(lab(), 'web');
  for (const caller of callers) await spreads(caller, vip, 3);
});
/** Each test begins with three tasks, whatever came of the one before. */
beforeEach(async () => {
  await scale(3);
  await tasksRun(lab(), 'web', 3);
});
afterAll(async () => {
  await removeServices(lab(), 'web');
  await Promise.all(callers.map((it) => it.close()));
  await removeContainers(callers.map((it) => it.container));
  await removeNetwork(lab(), 'vips');
});

const manager = (...args: string[]): Promise<string> => lab().host('h1').docker(args);
const scale = (count: number) => manager('service', 'scale', '--detach', `web=${count}`);

const tasks = async (): Promise<Container[]> =>
  (await containersOf(lab(), 'vips')).filter((it) => it.name.startsWith('web.'));

/** Loads the service from every caller while `change` happens. */
async function underLoad(change: () => Promise<unknown>): Promise<Outcome[]> {
  await Promise.all(callers.map((it) => it.load(vip)));
  try {
    await change();
  } finally {
    // What the change brought is loaded for a while too.
    await delay(2000);
  }
  return Promise.all(callers.map((it) => it.stop()));
}

async function expectNoFailure(outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.some((it) => it.failures.length > 0)) {
    // When each task listened tells which of them a failure met.
    console.log(await manager('service', 'logs', '--raw', 'web'));
  }
  for (const { failures, answers } of outcomes) {
    expect(failures).toEqual([]);
    expect(Object.values(answers).reduce((a, b) => a + b, 0)).toBeGreaterThan(100);
  }
}

/** Waits until Docker says how the update ended. */
async function updated(state: string): Promise<void> {
  await until(
    async () => {
      const now = await manager('service', 'inspect', '-f', '{{.UpdateStatus.State}}', 'web');
      return now.trim() === state || undefined;
    },
    { what: `the update ${state}`, timeoutMs: 90_000, everyMs: 200 },
  );
}

it('scaled up and down: no request fails, and a connection stays with its task', async () => {
  const held = await callers[0]?.hold(vip);
  const outcomes = await underLoad(async () => {
    await scale(6);
    await tasksRun(lab(), 'web', 6);
    for (const caller of callers) await spreads(caller, vip, 6);
  });
  await expectNoFailure(outcomes);
  expect(await callers[0]?.say()).toEqual({ who: held });
  const down = await underLoad(async () => {
    await scale(3);
    await tasksRun(lab(), 'web', 3);
  });
  await expectNoFailure(down);
  // Docker chooses which ones stay.
  const stays = (await tasks()).some((it) => held?.startsWith(it.id.slice(0, 12)));
  if (stays) expect(await callers[0]?.say()).toEqual({ who: held });
});

it('a rolling update that starts first, and its rollback: no request fails', async () => {
  const forth = await underLoad(async () => {
    await manager('service', 'update', '--detach', ...newVersion('2'), 'web');
    await updated('completed');
    await tasksRun(lab(), 'web', 3);
  });
  await expectNoFailure(forth);
  for (const { answers } of forth) {
    expect(new Set(Object.keys(answers).map((it) => it.split(' ')[1]))).toEqual(new Set('12'));
  }
  await expectNoFailure(
    await underLoad(async () => {
      await manager('service', 'rollback', '--detach', 'web');
      await updated('rollback_completed');
      await tasksRun(lab(), 'web', 3);
    }),
  );
});

it('a task that stops gets no new connection within a second of Docker’s DNS dropping it', async () => {
  const [caller] = callers as [Caller];
  await spreads(caller, vip, 3);
  const before = await caller.resolve('tasks.web');
  await scale(2);
  let left: string[] = [];
  await until(
    async () => {
      left = await caller.resolve('tasks.web');
      return left.length === 2 || undefined;
    },
    { what: 'two tasks in Docker’s DNS', timeoutMs: 10_000, everyMs: 10 },
  );
  await delay(1000);
  const { answers } = await caller.ask(vip, 60);
  expect(Object.keys(answers)).toHaveLength(2);
  expect(before.filter((it) => !left.includes(it))).toHaveLength(1);
  await tasksRun(lab(), 'web', 2);
});

/** The task that the caller's one UDP port is answered by. */
async function taskOf(caller: Caller): Promise<{ who: string; own: Container }> {
  const who = (await caller.send(vip)) ?? '';
  const [name = ''] = who.split(' ');
  return { who, own: (await tasks()).find((it) => it.id.startsWith(name)) as Container };
}

const untilAnother = (caller: Caller, first: string, timeoutMs = 10_000): Promise<string> =>
  until(
    async () => {
      const who = await caller.send(vip);
      return who !== undefined && who !== first ? who : undefined;
    },
    { what: 'another task', timeoutMs, everyMs: 20 },
  );

it('UDP from one port finds another task when its own is gone', async () => {
  const [caller] = callers as [Caller];
  await spreads(caller, vip, 3);
  const { who, own } = await taskOf(caller);
  // Docker removes the task's container and starts another.
  await own.host.docker(['rm', '-f', own.id]);
  const second = await untilAnother(caller, who);
  for (let turn = 0; turn < 10; turn++) expect(await caller.send(vip)).toBe(second);
  await tasksRun(lab(), 'web', 3);
});

it('the same when its own went while the caller’s host had no agent', async () => {
  const [caller] = callers as [Caller];
  const { host } = caller.container;
  await spreads(caller, vip, 3);
  let first = await taskOf(caller);
  // A task beside the caller cannot go without that host's agent.
  for (let turn = 0; first.own.host === host && turn < 5; turn++) {
    await host.docker(['rm', '-f', first.own.id]);
    await untilAnother(caller, first.who);
    await tasksRun(lab(), 'web', 3);
    first = await taskOf(caller);
  }
  const { resume } = await killAgentAndHold(host);
  try {
    await first.own.host.docker(['rm', '-f', first.own.id]);
  } finally {
    await resume();
  }
  // A new agent writes its own rules once it has heard the others, ten seconds at the most.
  const second = await untilAnother(caller, first.who, 20_000);
  for (let turn = 0; turn < 10; turn++) expect(await caller.send(vip)).toBe(second);
  await tasksRun(lab(), 'web', 3);
});

it('an agent killed and started again: no request fails, no connection breaks', async () => {
  const host = lab().host('h1');
  const [caller] = callers as [Caller];
  await spreads(caller, vip, 3);
  const held = await caller.hold(vip);
  const outcomes = await underLoad(async () => {
    await killAgent(host);
    // Past the time after which it writes its own rules.
    await delay(12_000);
  });
  await expectNoFailure(outcomes);
  expect(await caller.say()).toEqual({ who: held });
});

it('a host drained: no request fails', async () => {
  const h3 = (await manager('node', 'ls', '--format', '{{.ID}} {{.Hostname}}'))
    .split('\n')
    .find((it) => it.endsWith('h3'))
    ?.split(' ')[0] as string;
  const outcomes = await underLoad(async () => {
    await manager('node', 'update', '--availability', 'drain', h3);
    await until(async () => (await tasks()).every((it) => it.host.name !== 'h3') || undefined, {
      what: 'h3 without tasks',
      timeoutMs: 30_000,
    });
    await tasksRun(lab(), 'web', 3);
  });
  await manager('node', 'update', '--availability', 'active', h3);
  await expectNoFailure(outcomes);
});

it('a host that dies: errors stop within 10 s', async () => {
  await manager('service', 'update', '--detach', '--force', 'web');
  await updated('completed');
  await scale(6);
  await tasksRun(lab(), 'web', 6);
  const host = lab().host('h3');
  expect((await tasks()).some((it) => it.host === host)).toBe(true);
  const [caller] = callers as [Caller];
  await spreads(caller, vip, 6);
  let died = 0;
  await caller.load(vip, 8);
  try {
    await host.cut();
    died = Date.now();
    await host.killEngine();
    await delay(15_000);
    const { failures, answers } = await caller.stop();
    const errors = failures.map(({ at, error }) => ({ after: at - died, error }));
    const late = errors.filter((it) => it.after > 10_000);
    expect(late, JSON.stringify(errors.slice(-20))).toEqual([]);
    expect(Object.keys(answers).length).toBeGreaterThan(2);
  } finally {
    await host.mend();
    await host.startEngine();
    await host.waitEngine();
  }
  await tasksRun(lab(), 'web', 6);
  await spreads(caller, vip, 6);
});
