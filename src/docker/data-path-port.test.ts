import { expect, it } from 'vitest';
import { readDataPathPort } from './data-path-port.ts';

const said = (answer: unknown) => readDataPathPort({ get: async () => answer });

it('a manager tells the Swarm’s data path port, a worker does not', async () => {
  expect(await said({ Swarm: { Cluster: { DataPathPort: 7789 } } })).toBe(7789);
  expect(await said({ Swarm: { Cluster: null } })).toBeUndefined();
  expect(await said({ Swarm: { Cluster: { DataPathPort: 0 } } })).toBeUndefined();
});
