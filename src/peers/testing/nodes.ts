import { afterAll, beforeAll } from 'vitest';
import type { Credentials } from '../credentials.ts';
import { silentLog } from '../log.ts';
import { loadSwarmCredentials } from '../tls.ts';
import { type TestSwarm, testSwarm } from './certificates.ts';

/** Two nodes of one Swarm, for all tests of a file: node-a is a manager, node-b a worker. */
export function useNodes() {
  let swarm: TestSwarm;
  const nodes = {} as { a: Credentials; b: Credentials };
  beforeAll(async () => {
    swarm = testSwarm('cluster-1');
    const load = (directory: string) => loadSwarmCredentials({ directory, log: silentLog });
    nodes.a = await load(swarm.node('node-a'));
    nodes.b = await load(swarm.node('node-b', { role: 'swarm-worker' }));
  });
  afterAll(() => {
    nodes.a.close();
    nodes.b.close();
    swarm.remove();
  });
  return nodes;
}
