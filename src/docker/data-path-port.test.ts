import { expect, it } from 'vitest';
import { readDataPathPort, watchDataPathPort } from './data-path-port.ts';
import { EngineError } from './engine.ts';

const said = (answer: unknown) => readDataPathPort({ get: async () => answer });

it('a manager tells the Swarm’s data path port, a worker only where the managers are', async () => {
  const RemoteManagers = [{ Addr: '10.0.0.1:2377' }, { Addr: '[fd00::1]:2377' }];
  expect(await said({ Swarm: { Cluster: { DataPathPort: 7789 }, RemoteManagers: null } })).toEqual({
    port: 7789,
    managers: [],
  });
  expect(await said({ Swarm: { Cluster: null, RemoteManagers } })).toEqual({
    managers: ['10.0.0.1', 'fd00::1'],
  });
  expect(await said({ Swarm: { Cluster: { DataPathPort: 0 } } })).toEqual({ managers: [] });
});

it.each<[string, unknown, number]>([
  ['no answer is told by whoever hears the Engine', new EngineError('connect ENOENT', 0), 0],
  ['a refusal is told', new EngineError('GET /info: 500', 500), 1],
  ['what is no answer is told', { Swarm: { Cluster: 7 } }, 1],
])('%s', async (_what, answer, told) => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const reasons: string[] = [];
  const watch = watchDataPathPort({
    engine: {
      get: async () => {
        setImmediate(resolve);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    onAnswer: () => reasons.push('answered'),
    onUnread: (reason) => reasons.push(reason),
    intervalMs: 60_000,
  });
  await asked;
  watch.close();
  expect(reasons).toHaveLength(told);
});
