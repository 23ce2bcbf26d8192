import { expect, it } from 'vitest';
import { nodesCheck, swarmFacts } from './nodes.ts';

const PLUGIN = 'castnet:latest';

const node = (
  name: string,
  address: string,
  change: { state?: string; plugins?: string[] } = {},
) => ({
  Description: {
    Hostname: name,
    Engine: {
      EngineVersion: '24.0.7',
      Plugins: (change.plugins ?? [PLUGIN]).map((it) => ({ Type: 'Network', Name: it })),
    },
  },
  Status: { State: change.state ?? 'ready', Addr: address },
  ManagerStatus: { Addr: `${name === 'a' ? '10.9.0.1' : address}:2377` },
});

/** A docker command that answers from a table of its first words. */
const docker =
  (answers: Record<string, unknown[] | string>) =>
  async (args: readonly string[]): Promise<string> => {
    const found = Object.entries(answers).find(([words]) => args.join(' ').startsWith(words))?.[1];
    if (found === undefined) throw new Error(`not expected: docker ${args.join(' ')}`);
    return typeof found === 'string' ? found : found.map((it) => JSON.stringify(it)).join('\n');
  };

const info = (manager: boolean) => [
  {
    Swarm: {
      ...{ NodeAddr: '10.9.0.1', ControlAvailable: manager },
      RemoteManagers: [{ Addr: '10.9.0.2:2377' }, { Addr: '[fd00::3]:2377' }],
    },
  },
];

it('a manager knows all nodes, and which of them lack the plugin or are down', async () => {
  const nodes = [
    node('a', '0.0.0.0'),
    node('b', '10.9.0.2', { plugins: ['bridge'] }),
    node('c', '10.9.0.3', { state: 'down' }),
  ];
  const facts = await swarmFacts(
    docker({
      info: info(true),
      'node ls': 'a\nb\nc\n',
      'node inspect': nodes,
      'network ls': ['mynet', 'fresh'].map((it) => ({
        ...{ ID: it, Name: it, Driver: PLUGIN, Scope: 'swarm' },
      })),
      'network inspect': '"mynet" "8000001"\n"fresh" ""\n',
    }),
    PLUGIN,
  );
  expect(facts.others).toEqual(['10.9.0.2']);
  expect(facts.networks.usable).toEqual([{ name: 'mynet', vni: 8_000_001 }]);
  expect(facts.nodes?.[0]?.address).toBe('10.9.0.1');
  const { findings } = nodesCheck(facts, PLUGIN);
  expect(findings.map((it) => `${it.code} ${it.host}`)).toEqual([
    'plugin-missing 10.9.0.2',
    'host-down 10.9.0.3',
  ]);
});

it('a worker knows the managers, and says where to look at all nodes', async () => {
  const facts = await swarmFacts(docker({ info: info(false), 'network ls': '' }), PLUGIN);
  expect(facts).toMatchObject({
    ...{ nodes: undefined, others: ['10.9.0.2', 'fd00::3'] },
    networks: { usable: [], refused: [] },
  });
  expect(nodesCheck(facts, PLUGIN).detail).toContain('on a manager');
});
