import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { EngineError } from './engine.ts';
import { type SwarmView, type Watch, type WatchOptions, watchSwarm } from './watch.ts';

let watch: Watch | undefined;
afterEach(() => watch?.close());

type Answers = Record<string, () => unknown>;

/** An Engine that has these answers, by path; it has nothing else. */
function watching(answers: Answers, attached: string[] = [], more: Partial<WatchOptions> = {}) {
  const views: SwarmView[] = [];
  const errors: string[] = [];
  watch = watchSwarm({
    engine: {
      get: async (path) => {
        const answer = answers[path];
        if (answer === undefined) throw new EngineError(`GET ${path}: 404 not found`, 404);
        return answer();
      },
      events: () => ({ close: () => {} }),
    },
    attached: () => attached,
    onView: (view) => views.push(view),
    onError: (error) => errors.push(error.message),
    intervalMs: 60_000,
    ...more,
  });
  const next = async (): Promise<SwarmView> => {
    const before = views.length;
    watch?.poke();
    await vi.waitFor(() => expect(views.length).toBeGreaterThan(before));
    return views.at(-1) as SwarmView;
  };
  return { views, errors, next };
}

/** Docker's list of nodes; the first one leads. */
const nodes = (...ids: string[]) =>
  ids.map((ID, at) => ({ ID, ManagerStatus: at === 0 ? { Leader: true } : { Reachability: '' } }));

const network = (Id: string, ...hosts: string[]) => ({
  ...{ Id, Name: `name-of-${Id}`, Options: { vni: '8000001' } },
  Peers: hosts.map((IP) => ({ IP })),
  Containers: { c1: { Name: 'web', EndpointID: 'e1' } },
});

it('names the same nodes by the same set, and other nodes by another', async () => {
  let ids = ['n1', 'n2'];
  const { next } = watching({ '/nodes': () => nodes(...ids) });
  const { nodes: first } = await next();
  expect(first).toEqual(new Set(['n1', 'n2']));
  expect((await next()).nodes).toBe(first);
  ids = ['n1'];
  const { nodes: second } = await next();
  expect(second).toEqual(new Set(['n1']));
  expect((await next()).nodes).toBe(second);
});

it('does not believe a list without a leader: a manager that starts reads its log, and tells part of it', async () => {
  const answers: Answers = { '/nodes': () => nodes('n1', 'n2', 'joined-late') };
  const { next } = watching(answers);
  const { nodes: whole } = await next();
  answers['/nodes'] = () => [{ ID: 'n1', ManagerStatus: {} }, { ID: 'n2' }];
  expect((await next()).nodes).toBe(whole);
  answers['/nodes'] = () => nodes('n1', 'n2');
  expect((await next()).nodes).toEqual(new Set(['n1', 'n2']));
});

it('does not look again by itself before its time', async () => {
  const { views, next } = watching({ '/nodes': () => nodes('n1') });
  await next();
  const before = views.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(views).toHaveLength(before);
});

it('tells of the attached networks that Docker has', async () => {
  const answers = { '/networks/a': () => network('a', '10.9.0.1') };
  const { next } = watching(answers, ['a', 'gone']);
  const { networks, unanswered } = await next();
  const containers = new Map([['e1', 'web']]);
  const a = { id: 'a', name: 'name-of-a', vni: 8_000_001, hosts: ['10.9.0.1'], containers };
  expect(networks).toEqual(new Map([['a', a]]));
  expect(unanswered).toEqual(new Set());
});

it('without a leader tells of networks meanwhile, and of nodes when it learns them', async () => {
  let elect = (_: unknown): void => {};
  const leader = new Promise((resolve) => {
    elect = resolve;
  });
  const answers: Answers = {
    '/nodes': () => leader,
    '/networks/a': () => network('a', '10.9.0.1'),
    '/networks/b': () => leader,
  };
  const { views, next } = watching(answers, ['a', 'b']);
  const before = await next();
  expect(before.networks.get('a')?.hosts).toEqual(['10.9.0.1']);
  expect(before.unanswered).toEqual(new Set(['b']));
  expect(before.nodes).toBeUndefined();
  answers['/nodes'] = () => nodes('n1');
  watch?.poke();
  elect(nodes('n0'));
  await vi.waitFor(() => expect(views.at(-1)?.nodes).toEqual(new Set(['n1'])));
});

it('keeps what Docker said last when it does not answer, and tells nothing before it has', async () => {
  const answers: Answers = {
    '/networks/a': () => {
      throw new EngineError('GET /networks/a: 500 busy', 500);
    },
  };
  const { views, errors, next } = watching(answers, ['a']);
  await vi.waitFor(() => expect(errors).toEqual(['GET /networks/a: 500 busy']));
  expect(views).toEqual([]);
  const refuse = answers['/networks/a'] as () => unknown;
  answers['/networks/a'] = () => network('a', '10.9.0.1');
  expect((await next()).networks.size).toBe(1);
  answers['/networks/a'] = refuse;
  const { networks } = await next();
  expect(networks.get('a')?.hosts).toEqual(['10.9.0.1']);
});

it('what its own agent makes of a look, however badly, ends no looking', async () => {
  const told: string[] = [];
  const onView = (): void => {
    told.push('a view');
    if (told.length === 1) throw new Error('no space left on device');
  };
  const { errors } = watching({ '/nodes': () => nodes('n1') }, [], { onView, intervalMs: 5 });
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(2));
  expect(errors).toEqual(['no space left on device']);
});

it('containers that come and go ten times a second are not ten looks a second, nor lists of all nodes', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const attached = ['a', 'b'];
  const asked: string[] = [];
  let tell = (_: unknown): void => {};
  const { views } = watching({}, attached, {
    engine: {
      get: async (path) => {
        asked.push(path);
        return path === '/nodes' ? nodes('n1') : network(path.slice('/networks/'.length));
      },
      events: ({ onEvent }) => {
        tell = onEvent;
        return { close: () => {} };
      },
    },
  });
  const count = (path: string) => asked.filter((it) => it === path).length;
  await vi.advanceTimersByTimeAsync(1);
  const first = views.length;
  tell({ Type: 'network', Action: 'connect' });
  await vi.advanceTimersByTimeAsync(1);
  expect(views.length, 'the first of them waits for nothing').toBeGreaterThan(first);
  for (let tenths = 0; tenths < 600; tenths++) {
    tell({ Type: 'network', Action: tenths % 2 === 0 ? 'connect' : 'disconnect' });
    await vi.advanceTimersByTimeAsync(100);
  }
  // Four looks a second after the first twenty.
  expect(count('/networks/a')).toBeLessThanOrEqual(264);
  expect(count('/networks/a')).toBeGreaterThan(200);
  // At the start, and by the timer.
  expect(count('/nodes')).toBeLessThanOrEqual(2);
  for (let tenths = 0; tenths < 600; tenths++) {
    tell({ Type: 'node', Action: 'update' });
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(count('/nodes')).toBeLessThanOrEqual(42);
});

it('the last of many events is followed by a look', async () => {
  let hosts = ['10.9.0.1'];
  const { views, next } = watching({ '/networks/a': () => network('a', ...hosts) }, ['a']);
  await next();
  for (let nth = 0; nth < 40; nth++) watch?.poke();
  await next();
  hosts = ['10.9.0.1', '10.9.0.2'];
  watch?.poke();
  await vi.waitFor(() => expect(views.at(-1)?.networks.get('a')?.hosts).toEqual(hosts));
}, 15_000);
