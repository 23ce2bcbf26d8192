/** From hosts with nothing but Docker to the proven table, and again, and with hosts more. */
import { loadavg } from 'node:os';
import { expect, it } from 'vitest';
import { publishedFaults } from '../../src/contract/testing/published.ts';
import { until } from '../run.ts';
import { difference, stateOf, useBareHosts } from './support/up.ts';

const lab = useBareHosts('up', { hosts: 5 });

/** Seconds that a run may take on two cores that are its own; a busy machine is given no bound. */
const FIRST_S = 60;
const AGAIN_S = 5;

type Json = {
  ok: boolean;
  changed: boolean;
  steps: { do: string; host: string; role?: string }[];
  probe: {
    hosts: unknown[];
    pairs: { reached: boolean; kinds: Record<string, { heard: number }> }[];
  };
};

async function timed(args: string[], seconds: number): Promise<Json> {
  const isQuiet = (loadavg()[0] ?? 0) < 3;
  const begin = performance.now();
  const { stdout, stderr, status } = await lab.castnet([...args, '--json']);
  const took = (performance.now() - begin) / 1000;
  console.log(`castnet ${args.join(' ')}: ${took.toFixed(1)} s, load ${loadavg()[0]}`);
  expect(stderr).toBe('');
  expect(status, stdout).toBe(0);
  if (isQuiet) expect(took).toBeLessThan(seconds);
  const value = JSON.parse(stdout) as Json;
  expect(publishedFaults('up', value)).toEqual([]);
  return value;
}

function everyPairHears({ probe }: Json, hosts: number): void {
  expect(probe.hosts).toHaveLength(hosts);
  expect(probe.pairs).toHaveLength(hosts * (hosts - 1));
  for (const { reached, kinds } of probe.pairs) {
    expect(reached).toBe(true);
    expect(kinds.multicast?.heard).toBeGreaterThan(0);
    expect(kinds.unicast?.heard).toBeGreaterThan(0);
  }
}

async function unchanged(before: readonly string[][]): Promise<void> {
  const after = await Promise.all(lab.hosts().map(stateOf));
  expect(after.map((it, at) => difference(before[at] ?? [], it))).toEqual(after.map(() => []));
}

async function rolesOf(): Promise<string> {
  const nodes = await lab.host('h1').api<{ Spec: { Role: string } }[]>('GET', '/nodes');
  return nodes
    .map((it) => it.Spec.Role)
    .sort()
    .join(' ');
}

it('a dry run says what would be done and changes nothing', async () => {
  const before = await Promise.all(lab.hosts().map(stateOf));
  const { stdout, status } = await lab.castnet(['up', 'h1', 'h2', '--dry-run']);
  expect(status).toBe(0);
  expect(stdout).toContain('h2: join the Swarm as a worker');
  await unchanged(before);
}, 120_000);

it('brings three hosts from nothing but Docker to the proven table', async () => {
  const found = await timed(['up', 'h1', 'h2', 'h3', '--network', 'shop'], FIRST_S);
  everyPairHears(found, 3);
  expect(await rolesOf()).toBe('manager manager manager');
  const vni = await lab.host('h2').docker(['network', 'inspect', '-f', '{{.Options.vni}}', 'shop']);
  expect(Number(vni)).toBeGreaterThanOrEqual(8_000_000);
}, 240_000);

it('run again it changes nothing', async () => {
  const before = await Promise.all(lab.hosts().map(stateOf));
  const found = await timed(['up', 'h1', 'h2', 'h3', '--network', 'shop'], AGAIN_S);
  expect(found).toMatchObject({ changed: false, steps: [] });
  everyPairHears(found, 3);
  await unchanged(before);
}, 120_000);

it('joins hosts more, which are workers', async () => {
  const found = await timed(['up', 'h1', 'h2', 'h3', 'h4', 'h5'], FIRST_S);
  expect(found.steps.filter((it) => it.do === 'join')).toMatchObject([
    { host: 'h4', role: 'worker' },
    { host: 'h5', role: 'worker' },
  ]);
  everyPairHears(found, 5);
  expect(await rolesOf()).toBe('manager manager manager worker worker');
}, 240_000);

it('shows no join token in what runs on the hosts', async () => {
  const [token = ''] = (
    await lab.host('h1').api<{ JoinTokens: { Manager: string } }>('GET', '/swarm')
  ).JoinTokens.Manager.split('-').slice(-1);
  const logs = await Promise.all(
    lab.hosts().map((it) => it.exec(['cat', '/run/lab/dockerd.log']).then(({ stdout }) => stdout)),
  );
  expect(token.length).toBeGreaterThan(10);
  for (const log of logs) expect(log).not.toContain(token);
});

it('Ctrl-C ends it at once, says how to go on, and leaves nothing running', async () => {
  const running = lab.start(['up', 'h1', 'h2', 'h3', 'h4', 'h5']);
  await running.line(/reach h1/);
  running.child.kill('SIGINT');
  expect(await running.ended).toBe(130);
  expect(running.said()).toContain('Run the same command again');
  await until(
    async () => {
      const { stdout } = await lab.host('h1').exec(['ps', '-eo', 'args']);
      return !stdout.includes('--input-type=module') || undefined;
    },
    { what: 'the end of what castnet ran on h1', timeoutMs: 10_000 },
  );
}, 60_000);
