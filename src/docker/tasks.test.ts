import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import dns from 'dns-packet';
import { afterEach, expect, it, vi } from 'vitest';
import type { ServiceRecord } from '../core/records.ts';
import type { LocalEndpoint } from './local-task.ts';
import { type TaskWatch, watchTasks } from './tasks.ts';

const task = (id: string): LocalEndpoint => ({
  endpoint: id,
  ip: `10.0.1.${id}`,
  sandbox: `/run/${id}`,
});

const NXDOMAIN = 3;

let watch: TaskWatch | undefined;
afterEach(() => {
  watch?.close();
  vi.restoreAllMocks();
});

/** Docker with a network "front" whose service "web" has these tasks; `known` is in its DNS. */
function watching(tasks: LocalEndpoint[], services: object, intervalMs = 5) {
  const known = new Map([['web.front', '10.0.1.2']]);
  const asking: (() => void)[] = [];
  let silent = false;
  let closed = 0;
  let slow: Promise<void> | undefined;
  const deaf = new Set<string>();
  const dead = new Set<string>();
  let opening: Promise<void> | undefined;
  const opened: (() => void)[] = [];
  /** Docker's DNS in one container. */
  const socketIn = (sandbox: string): Socket => {
    const socket = new EventEmitter();
    const say = (reply: Buffer) =>
      setImmediate(() => socket.emit('message', reply, { address: '127.0.0.11', port: 53 }));
    const send = (query: Buffer): void => {
      const { id = 0, questions } = dns.decode(query);
      const name = questions?.[0]?.name ?? '';
      questioned.push(name);
      if (name.startsWith('web.')) asking.shift()?.();
      const data = forged.get(sandbox) ?? known.get(name);
      if (silent || flushed.has(sandbox) || (data === undefined && !refuses)) return;
      const answers = data === undefined ? [] : [{ type: 'A' as const, name, data }];
      // Docker passes the word of another server on, like the answers of its own.
      const flags = data === undefined ? NXDOMAIN : 0;
      say(dns.encode({ type: 'response', id, flags, questions: [{ type: 'A', name }], answers }));
    };
    const close = (): void => {
      closed++;
    };
    return Object.assign(socket, { send, close }) as unknown as Socket;
  };
  const reads: string[] = [];
  const questioned: string[] = [];
  const forged = new Map<string, string>();
  const flushed = new Set<string>();
  let refuses = false;
  const seen: ReadonlyMap<string, ServiceRecord>[] = [];
  const errors: string[] = [];
  const waiting: (() => void)[] = [];
  watch = watchTasks({
    engine: {
      get: async (path) => {
        reads.push(path);
        if (path.startsWith('/networks/stuck')) await new Promise(() => {});
        await slow;
        return { Name: 'front', Services: services };
      },
      events: () => ({ close: () => {} }),
    },
    endpoints: () => {
      const stuck = tasks.filter((it) => it.sandbox === '/run/stuck');
      const others = tasks.filter((it) => !stuck.includes(it));
      const all = [['stuck', stuck] as const, ['n1', others] as const];
      return new Map(all.filter(([, it]) => it.length > 0));
    },
    openSocket: async (sandbox) => {
      opened.shift()?.();
      await opening;
      return socketIn(sandbox);
    },
    isThere: (sandbox) => !dead.has(sandbox),
    isListening: async (sandbox) => !deaf.has(sandbox),
    onChange: (it) => {
      seen.push(it);
      waiting.shift()?.();
    },
    onError: (error) => errors.push(error.message),
    intervalMs,
  });
  return {
    known,
    seen,
    errors,
    hush: (it: boolean) => {
      silent = it;
    },
    /** The paths that the Engine was asked for. */
    reads,
    /** The names that were asked for. */
    questioned,
    /** The address that all names have in a container. */
    forged,
    /** The containers that have lost Docker's DNS. */
    flushed,
    /** Names that Docker does not know another server refuses. */
    refuse: () => {
      refuses = true;
    },
    /** From now on the Engine's list takes for ever. */
    stall: () => {
      slow = new Promise(() => {});
    },
    /** The next time that a task is asked for. */
    asked: () => new Promise<void>((resolve) => asking.push(resolve)),
    closed: () => closed,
    /** From now on a socket is there when the returned function was called. */
    openSlowly: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      opening = promise;
      return resolve;
    },
    /** The next time that a socket is to be opened. */
    opening: () => new Promise<void>((resolve) => opened.push(resolve)),
    /** The namespaces in which nothing listens. */
    deaf,
    /** Those that are gone. */
    dead,
    change: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

const listed = (...ids: string[]) =>
  ids.map((id) => ({ Name: `web.${id}.x`, EndpointID: id, EndpointIP: `10.0.1.${id}` }));
const WEB = { web: { VIP: '10.0.1.2', Tasks: listed('5', '6') } };

it('a task is in service while Docker’s DNS has its address on that network', async () => {
  const { known, seen, change } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  // The same name on another network of the container.
  known.set('web.6.x.front', '10.0.9.6');
  await change();
  const web = { name: 'web', vip: '10.0.1.2' };
  expect(seen.at(-1)).toEqual(
    new Map([
      ['5', { ...web, serving: true }],
      ['6', { ...web, serving: false }],
    ]),
  );
  known.set('web.6.x.front', '10.0.1.6');
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
  known.delete('web.5.x.front');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('a task that stops is noticed while the Engine is slow to list a new one', async () => {
  const tasks = [task('5')];
  const { known, seen, change, stall, asked } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  stall();
  tasks.push(task('7'));
  await asked();
  known.delete('web.5.x.front');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('a task that joined is in service once it listens, and stays so', async () => {
  const tasks = [task('5')];
  const { known, seen, change, deaf, asked } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  deaf.add('/run/6');
  tasks.push({ ...task('6'), sandbox: '/run/6' });
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(false);
  deaf.delete('/run/6');
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
  const changes = seen.length;
  deaf.add('/run/6');
  await asked();
  await asked();
  expect(seen).toHaveLength(changes);
});

it('a task in which nothing ever listens is in service after a while', async () => {
  const tasks = [task('5')];
  const { known, seen, change, deaf } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  deaf.add('/run/6');
  tasks.push({ ...task('6'), sandbox: '/run/6' });
  await change();
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 10_100);
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
});

it('what an agent finds when it starts is in service, whether it listens or not', async () => {
  const { known, seen, change, deaf } = watching([task('5')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  deaf.add('/run/5');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
});

it('a task is what it was while the DNS says nothing, not even of its service', async () => {
  const { known, seen, hush, change, asked } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await vi.waitFor(() => expect(seen.at(-1)?.get('6')?.serving).toBe(false));
  const changes = seen.length;
  hush(true);
  for (const _ of [1, 2, 3, 4, 5]) await asked();
  expect(seen).toHaveLength(changes);
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
  hush(false);
  known.delete('web.5.x.front');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('what an agent finds when it starts is in service while the DNS says nothing', async () => {
  const { seen, hush, change } = watching([task('5')], WEB);
  hush(true);
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
  hush(false);
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('containers that are no tasks, and services without an address, have no part in it', async () => {
  const services = {
    '': { VIP: '<nil>', Tasks: [{ Name: 'alone', EndpointID: '7', EndpointIP: '10.0.1.7' }] },
    rr: { VIP: '', Tasks: [{ Name: 'rr.1.x', EndpointID: '8', EndpointIP: '10.0.1.8' }] },
    ...WEB,
  };
  const { known, seen, change } = watching([task('5'), task('7'), task('8')], services);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  expect([...(seen.at(-1)?.keys() ?? [])]).toEqual(['5']);
});

it('forgets a network that has no container here any more', async () => {
  const tasks = [task('5')];
  const { known, seen, change, closed } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  tasks.pop();
  await change();
  expect(seen.at(-1)).toEqual(new Map());
  expect(closed()).toBe(1);
});

it('lets go of the namespace of a container that died, and of no other', async () => {
  const { known, change, dead, closed, asked } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  await asked();
  expect(closed()).toBe(0);
  dead.add('/run/5');
  await vi.waitFor(() => expect(closed()).toBe(1));
});

it('lets go of the namespace of a container that died while the Engine is slow', async () => {
  const tasks = [task('5')];
  const { known, change, dead, closed, stall } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  stall();
  dead.add('/run/5');
  await vi.waitFor(() => expect(closed()).toBe(1));
});

it('lets go of a namespace into which a socket came when the network had no container any more', async () => {
  const tasks = [task('5')];
  const { openSlowly, opening, closed } = watching(tasks, WEB);
  const open = openSlowly();
  await opening();
  tasks.pop();
  // The look at the network is under way, and looks do not wait for it.
  await new Promise((resolve) => setTimeout(resolve, 500));
  open();
  await vi.waitFor(() => expect(closed()).toBe(1));
});

it('lets go of a namespace into which a socket came when the watch was closed', async () => {
  const { openSlowly, opening, closed } = watching([task('5')], WEB);
  const open = openSlowly();
  await opening();
  watch?.close();
  open();
  await vi.waitFor(() => expect(closed()).toBe(1));
});

it('says that Docker’s DNS is silent', async () => {
  const { known, change, hush, asked, errors } = watching([task('5')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  expect(errors).toEqual([]);
  hush(true);
  await asked();
  await vi.waitFor(() =>
    expect(errors).toContain('Docker’s DNS does not answer in its containers'),
  );
});

it('looks at once when a task is started, and again and again for a moment', async () => {
  const { known, asked, change, seen } = watching([task('5')], WEB, 60_000);
  await vi.waitFor(() => expect(seen.at(-1)?.get('5')?.serving).toBe(false));
  const begun = performance.now();
  watch?.hurry();
  for (let look = 0; look < 3; look++) await asked();
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
  // Each look in vain waits 200 ms for Docker's word on the task.
  expect(performance.now() - begun).toBeLessThan(5_000);
});

it('a task started while a look is under way is looked for right after it', async () => {
  const { known, asked, change, seen } = watching([task('5')], WEB, 60_000);
  const looking = asked();
  await looking;
  watch?.hurry();
  await vi.waitFor(() => expect(seen.at(-1)?.get('5')?.serving).toBe(false));
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
});

it('does not look once closed, whoever is in a hurry', async () => {
  const { asked, change } = watching([task('5')], WEB, 60_000);
  await change();
  watch?.close();
  let looked = false;
  void asked().then(() => {
    looked = true;
  });
  watch?.hurry();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(looked).toBe(false);
});

it('a started task is in service by the first look that follows, though the list is of before', async () => {
  const tasks = [task('5')];
  const services = { web: { VIP: '10.0.1.2', Tasks: listed('5') } };
  const { known, change, seen, questioned } = watching(tasks, services, 60_000);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  services.web.Tasks = listed('5', '6');
  tasks.push(task('6'));
  watch?.hurry();
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
  expect(questioned.filter((it) => it === 'web.6.x.front')).toHaveLength(1);
});

it('a network that the Engine does not answer for delays no other', async () => {
  const { known, seen, change } = watching(
    [{ ...task('9'), sandbox: '/run/stuck' }, task('5')],
    WEB,
  );
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
  known.delete('web.5.x.front');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('what is answered in one container says nothing of the task in another', async () => {
  const { known, seen, change, forged } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  forged.set('/run/5', '10.0.1.2');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
});

it('a container that has lost Docker’s DNS delays no other and is no fault of the Engine', async () => {
  const { known, seen, change, flushed, errors } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5').set('web.6.x.front', '10.0.1.6');
  await change();
  flushed.add('/run/5');
  known.delete('web.6.x.front');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
  expect(seen.at(-1)?.get('6')?.serving).toBe(false);
  expect(errors).toEqual([]);
});

it('a new task that has lost Docker’s DNS is in service after a while, as it is listed', async () => {
  const tasks = [task('5')];
  const { known, seen, change, flushed, questioned } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  flushed.add('/run/6');
  tasks.push(task('6'));
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(false);
  await vi.waitFor(() => expect(questioned).toContain('web.6.x.front'));
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 5_100);
  await change();
  expect(seen.at(-1)?.get('6')?.serving).toBe(true);
});

it('an endpoint that joins another namespace is asked for there', async () => {
  const tasks = [task('5')];
  const { known, seen, change, forged, asked } = watching(tasks, WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  forged.set('/run/5', '10.0.1.2');
  tasks[0] = { ...task('5'), sandbox: '/run/new' };
  for (const _ of [1, 2, 3, 4, 5]) await asked();
  expect(seen.at(-1)?.get('5')?.serving).toBe(true);
});

it('another server’s refusal is no word of Docker’s', async () => {
  const { known, seen, refuse, change, asked } = watching([task('5')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  refuse();
  known.clear();
  for (const _ of [1, 2, 3, 4, 5]) await asked();
  expect(seen).toHaveLength(1);
  known.set('web.front', '10.0.1.2');
  await change();
  expect(seen.at(-1)?.get('5')?.serving).toBe(false);
});

it('what has long been out of service is asked for rarely: other servers hear each question', async () => {
  const { known, seen, questioned, asked, refuse } = watching([task('5'), task('6')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  refuse();
  await vi.waitFor(() => expect(seen.at(-1)?.get('6')?.serving).toBe(false));
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 31_000);
  questioned.length = 0;
  for (let look = 0; look < 30; look++) await asked();
  const times = (name: string) => questioned.filter((it) => it === name).length;
  expect(times('web.6.x.front')).toBeGreaterThan(0);
  expect(times('web.6.x.front')).toBeLessThan(times('web.5.x.front') / 5);
});

it('reads a network’s tasks rarely while a container is none of them', async () => {
  const { known, change, reads, asked } = watching([task('5'), task('7')], WEB);
  known.set('web.5.x.front', '10.0.1.5');
  await change();
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + 31_000 + reads.length);
  reads.length = 0;
  for (let look = 0; look < 30; look++) await asked();
  expect(reads.length).toBeLessThan(10);
});
