import { afterAll, beforeAll } from 'vitest';
import type { Credentials } from '../credentials.ts';
import { silentLog } from '../log.ts';
import { loadSwarmCredentials } from '../tls.ts';
import { type NodeChange, type TestSwarm, testSwarm } from './certificates.ts';

type LoadOptions = Omit<Parameters<typeof loadSwarmCredentials>[0], 'directory' | 'log'>;

/** One Swarm, for all tests of a file. What is loaded of it is closed at the end. */
export interface SwarmBed {
  /** Makes a node. @returns the directory of its certificates */
  node(name: string, change?: NodeChange): string;
  load(directory: string, options?: LoadOptions): Promise<Credentials>;
  /** The credentials of a new node. */
  credentials(name: string, change?: NodeChange): Promise<Credentials>;
}

export function useSwarm(): SwarmBed {
  let swarm: TestSwarm;
  const open: Credentials[] = [];
  beforeAll(() => {
    swarm = testSwarm('cluster-1');
  });
  afterAll(() => {
    for (const it of open) it.close();
    swarm.remove();
  });
  const node: SwarmBed['node'] = (name, change) => swarm.node(name, change);
  const load: SwarmBed['load'] = async (directory, options) => {
    const loaded = await loadSwarmCredentials({ directory, log: silentLog, ...options });
    open.push(loaded);
    return loaded;
  };
  return { node, load, credentials: (name, change) => load(node(name, change)) };
}

/** Two nodes of one Swarm, for all tests of a file: node-a is a manager, node-b a worker. */
export function useNodes() {
  const swarm = useSwarm();
  const nodes = {} as { a: Credentials; b: Credentials };
  beforeAll(async () => {
    nodes.a = await swarm.credentials('node-a');
    nodes.b = await swarm.credentials('node-b', { role: 'swarm-worker' });
  });
  return nodes;
}
