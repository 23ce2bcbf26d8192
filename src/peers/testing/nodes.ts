import { afterAll, beforeAll } from 'vitest';
import type { Credentials } from '../credentials.ts';
import { silentLog } from '../log.ts';
import { loadSwarmCredentials } from '../tls.ts';
import { type NodeChange, type TestSwarm, testSwarm } from './certificates.ts';

/**
 * One Swarm, for all tests of a file.
 * @returns what makes a node of it: its credentials, which are closed at the end
 */
export function useSwarm(): (name: string, change?: NodeChange) => Promise<Credentials> {
  let swarm: TestSwarm;
  const open: Credentials[] = [];
  beforeAll(() => {
    swarm = testSwarm('cluster-1');
  });
  afterAll(() => {
    for (const it of open) it.close();
    swarm.remove();
  });
  return async (name, change = {}) => {
    const directory = swarm.node(name, change);
    const loaded = await loadSwarmCredentials({ directory, log: silentLog });
    open.push(loaded);
    return loaded;
  };
}

/** Two nodes of one Swarm, for all tests of a file: node-a is a manager, node-b a worker. */
export function useNodes() {
  const node = useSwarm();
  const nodes = {} as { a: Credentials; b: Credentials };
  beforeAll(async () => {
    nodes.a = await node('node-a');
    nodes.b = await node('node-b', { role: 'swarm-worker' });
  });
  return nodes;
}
