/** docs/from-weave.md, “The first commands” and “Compose”, line by line, on hosts with nothing but Docker. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IMAGE, ROOT, RUN_MOUNTS, STACK_VOLUMES } from '../kit/containers.ts';
import { debianPackage } from '../kit/debian.ts';
import { type Container, containerCount, containersOn, networkGone } from '../kit/stack.ts';
import { closeStations, Station, startStations } from '../kit/station.ts';
import { mustRun, type RunResult, run, until } from '../run.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useBareHosts } from './support/up.ts';

const GROUP = '239.86.0.1';

const lab = useBareHosts('weave', { hosts: 2 });
let [lines, files]: [string[], string[]] = [[], []];
const tried = new Set<string>();
let stations: Station[] = [];

beforeAll(async () => {
  const page = await readFile(join(ROOT, 'docs/from-weave.md'), 'utf8');
  const [, first = ''] = /## The first commands[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? [];
  lines = first
    .split('\n')
    .filter((it) => it !== '' && !it.startsWith('#'))
    .map((it) => it.replace(/\s+#.*/, ''));
  files = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((it) => it[1] as string);
});
afterAll(() => closeStations(stations));

/** The one line of the page that begins so, and how it ends here. */
function line(begin: string, change: Record<string, string> = {}): string[] {
  const found = lines.filter((it) => it.startsWith(begin));
  expect(found, begin).toHaveLength(1);
  const [text = ''] = found;
  tried.add(text);
  const all = { 'root@host1': 'root@h1', 'root@host2': 'root@h2', ...change };
  return Object.entries(all)
    .reduce((it, [word, by]) => it.replace(word, by), text)
    .split(' ');
}

const castnet = (begin: string, more: string[] = []): Promise<RunResult> => {
  const [, ...args] = line(begin);
  return lab.castnet([...args, ...more]);
};

async function onHost(
  host: string,
  begin: string,
  change: Record<string, string>,
): Promise<string> {
  const [, ...args] = line(begin, change);
  return lab.host(host).docker(args);
}

/** What any user's line has instead of a terminal and an image of a registry. */
const runs = (name: string, ip = '10.2.1.3') => ({
  '-ti': `-d --name ${name} ${RUN_MOUNTS.join(' ')}`,
  '10.2.1.3': ip,
  IMAGE: `${IMAGE} sleep infinity`,
});

async function hearEachOther(containers: readonly Container[], tag: string): Promise<void> {
  const all = await startStations(containers);
  try {
    for (const it of all) await it.join(GROUP);
    await groupReady(all, GROUP);
    await Promise.all(all.map((it) => it.say({ to: GROUP, tag, count: 3 })));
    expect(await settledPairs(all, { tag, count: 3 })).toEqual(everyPair(all, 3));
  } finally {
    await closeStations(all);
  }
}

it('weave launch, weave connect', async () => {
  const { status, stdout, stderr } = await castnet('castnet up');
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('Every kind of packet reaches every host.');
}, 240_000);

it('weave run, on a manager and on a worker', async () => {
  await onHost('h1', 'docker network create', {});
  await onHost('h1', 'docker run', runs('one'));
  await onHost('h2', 'docker run', runs('two', '10.2.1.4'));
  const both = await containerCount(lab.lab(), 'mynet', 2);
  expect(both.map((it) => it.ip).sort()).toEqual(['10.2.1.3', '10.2.1.4']);
  await hearEachOther(both, 'run');
}, 60_000);

it('weave attach, weave detach', async () => {
  const plain = ['run', '-d', '--name', 'plain', ...RUN_MOUNTS, IMAGE, 'sleep', 'infinity'];
  await lab.host('h2').docker(plain);
  await onHost('h2', 'docker network connect', { CONTAINER: 'plain' });
  await hearEachOther(await containerCount(lab.lab(), 'mynet', 3), 'attach');
  await onHost('h2', 'docker network disconnect', { CONTAINER: 'plain' });
  expect((await containersOn(lab.host('h2'), 'mynet')).map((it) => it.name)).toEqual(['two']);
  await lab.host('h2').docker(['rm', '-f', 'plain']);
}, 60_000);

it('weave expose, weave hide, of another host by ssh', async () => {
  const given = await castnet('castnet expose mynet 10.2.1.250/24');
  expect(given.status, given.stderr).toBe(0);
  expect(given.stdout).toContain('root@h2 has 10.2.1.250/24 on mynet, by its interface castnet');
  expect((await castnet('castnet expose --on')).stdout).toContain('10.2.1.250/24');
  const [one] = await containersOn(lab.host('h1'), 'mynet');
  const host = await Station.onHost(lab.host('h2'), '10.2.1.250');
  stations = [host, await Station.start(one as Container)];
  await host.say({ to: '10.2.1.3', tag: 'from-the-host', count: 3 });
  await stations[1]?.hears(host, { tag: 'from-the-host', count: 3 });
  const again = await lab.castnet(['expose', 'mynet', '10.2.1.251', '--on', 'root@h2']);
  expect([again.status, again.stderr]).toEqual([
    1,
    expect.stringContaining('castnet on root@h2: this host has 10.2.1.250/24 on mynet already'),
  ]);
  const taken = await castnet('castnet expose mynet --remove');
  expect(taken.stdout).toContain('root@h2 has no address on mynet any more');
}, 60_000);

it('weave status', async () => {
  const { status, stdout } = await castnet('castnet status --all');
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('All 2 hosts are well.');
}, 60_000);

describe('docker compose', () => {
  let compose = '';
  beforeAll(async () => {
    const tree = await debianPackage('trixie', 'docker-compose');
    compose = join(tree, 'usr/libexec/docker/cli-plugins/docker-compose');
  }, 120_000);

  /** Runs Compose of Debian 13 against a host, with a file of the page. */
  async function composed(host: string, file: string, args: string[]): Promise<string> {
    const path = join(lab.site().dir, `${host}.yaml`);
    const app = `image: ${IMAGE}\n    command: sleep infinity\n    stop_grace_period: 0s\n    volumes: ${JSON.stringify(STACK_VOLUMES)}`;
    await writeFile(path, file.replace('image: IMAGE', app));
    const argv = [compose, '-p', 'weave', '-f', path, ...args];
    return mustRun(argv, { env: lab.host(host).dockerEnv(), timeoutMs: 60_000 });
  }

  it('brings containers of several hosts to one network', async () => {
    const [external = ''] = files;
    expect(external).toContain('external: true');
    for (const host of ['h1', 'h2']) await composed(host, external, ['up', '-d']);
    const all = await containerCount(lab.lab(), 'mynet', 4);
    await hearEachOther(
      all.filter((it) => it.name.startsWith('weave')),
      'compose',
    );
    for (const host of ['h1', 'h2']) await composed(host, external, ['down']);
  }, 120_000);

  it('makes a network of its own on a manager, and takes it away', async () => {
    const [, own = ''] = files;
    await composed('h1', own, ['up', '-d', '--scale', 'app=2']);
    await hearEachOther(await containersOn(lab.host('h1'), 'weave_own'), 'own');
    // Swarm counts a container's end some time later.
    await until(async () => (await composed('h1', own, ['down'])) !== undefined || undefined, {
      what: 'the end of it',
      timeoutMs: 60_000,
    });
    await networkGone(lab.host('h1'), 'weave_own');
  }, 120_000);
});

it('weave reset, and no line of the page is left untried', async () => {
  const { status, stdout, stderr } = await castnet('castnet down', ['--yes']);
  expect(status, stdout + stderr).toBe(0);
  expect([...tried].sort()).toEqual([...lines].sort());
  const { stdout: listed } = await run(lab.host('h2').enter(['docker', 'plugin', 'ls', '-q']), {
    env: lab.host('h2').env(),
  });
  expect(listed).toBe('');
}, 240_000);
