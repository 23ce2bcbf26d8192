/**
 * The plugin by way of a registry: `castnet plugin push`, then Docker's own `docker plugin install` on hosts
 * that have nothing of castnet, a stack, and who hears whom.
 */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPart } from '../../plugin/part.ts';
import { ROOT } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import { type Registry, type RegistryOptions, startRegistry } from '../kit/registry.ts';
import { containerCount, deployStack, removeStack } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, type RunResult } from '../run.ts';
import { castnetSays } from './support/command.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.83.0.1';
const COUNT = 20;
const ALIAS = ['--alias', 'castnet:latest', '--grant-all-permissions'];

const lab = useLab('registry', { hosts: 3, plugin: false });
const h1 = (): LabHost => lab().host('h1');
/** A package that has the plugin for both processors. */
let next = '';
let registry: Registry;
const others: Registry[] = [];
let stations: Station[] = [];

beforeAll(async () => {
  next = await mkdtemp(join(tmpdir(), 'castnet-both-'));
  await mustRun(['cp', '-al', join(ROOT, 'dist'), join(next, 'dist')]);
  await rm(join(next, 'dist/arm64'), { recursive: true, force: true });
  const kept = join(ROOT, '.cache/registry/dist');
  const agentEntry = join(ROOT, 'plugin/entry.ts');
  await buildPart('arm64', { root: ROOT, dist: kept, agentEntry, version: '0.0.0-test' });
  const from = join(kept, 'arm64');
  await cp(from, join(next, 'dist/arm64'), {
    recursive: true,
    filter: (it) => !it.startsWith(join(from, 'plugin')),
  });
  registry = await startRegistry(h1(), { port: 5000, tls: true });
});
afterAll(async () => {
  await closeStations(stations);
  await Promise.all([registry, ...others].map((it) => it?.close()));
  await rm(next, { recursive: true, force: true });
});

/** Runs the package's `castnet plugin push` on a host. */
function push(host: LabHost, args: string[], { home = '/root' } = {}): Promise<RunResult> {
  const command = [process.execPath, join(next, 'dist/castnet.js'), 'plugin', 'push', ...args];
  const env = { ...host.env(), HOME: home };
  return host.exec(command, { env, timeoutMs: 120_000 });
}

async function another(options: RegistryOptions): Promise<Registry> {
  const started = await startRegistry(h1(), options);
  others.push(started);
  return started;
}

describe('what stands in the way is said with what to do', () => {
  it('a certificate that this host does not trust', async () => {
    const { status, stderr } = await push(h1(), [`${registry.at}/castnet:1.0`]);
    expect(status).toBe(1);
    expect(stderr).toContain('has a certificate that this machine does not trust');
    expect(stderr).toContain(`/etc/docker/certs.d/${registry.at}/ca.crt`);
    await registry.trustOn(h1());
  });

  it('a registry by plain HTTP, which is taken if the user says so', async () => {
    const plain = await another({ port: 5001 });
    const name = `${plain.at}/castnet:1.0`;
    expect((await push(h1(), [name])).stderr).toMatch(/speaks HTTP[\s\S]*--insecure/);
    expect(await push(h1(), [name, '--arch', 'amd64', '--insecure'])).toMatchObject({ status: 0 });
  });

  it('nothing at that address, and no such name', async () => {
    const closed = await push(h1(), [`${h1().address}:5999/castnet:1.0`]);
    expect(closed.stderr).toMatch(/cannot be reached: .*connection refused/);
    const nowhere = await push(h1(), ['registry.invalid/castnet:1.0']);
    expect(nowhere.stderr).toContain('the registry registry.invalid cannot be reached');
  });

  it('a login that is missing, wrong, and right', async () => {
    const login = { user: 'lab', password: 'secret' };
    const closed = await another({ port: 5002, tls: true, login });
    await closed.trustOn(h1());
    const name = `${closed.at}/castnet:1.0`;
    expect((await push(h1(), [name])).stderr).toMatch(
      new RegExp(`wants a login[\\s\\S]*docker login ${closed.at}`),
    );
    const home = await loggedIn(closed.at, 'lab:wrong');
    const refused = await push(h1(), [name], { home });
    expect(refused.stderr).toContain('wants a login, or refuses the one it got');
    expect(refused.stderr + refused.stdout).not.toContain('wrong');
    await rm(home, { recursive: true });
    const right = await loggedIn(closed.at, 'lab:secret');
    expect(await push(h1(), [name, '--arch', 'amd64'], { home: right })).toMatchObject({
      status: 0,
    });
    await rm(right, { recursive: true });
  });

  it('a registry whose disk is full', async () => {
    const full = await another({ port: 5003, tls: true, disk: 10_000_000 });
    await full.trustOn(h1());
    const { status, stderr } = await push(h1(), [`${full.at}/castnet:1.0`]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/failed while it took the plugin[\s\S]*full disk/);
  });
});

/** A home directory as `docker login` leaves it. */
async function loggedIn(at: string, login: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'castnet-home-'));
  const config = { auths: { [at]: { auth: Buffer.from(login).toString('base64') } } };
  await mustRun(['mkdir', join(home, '.docker')]);
  await mustRun(['tee', join(home, '.docker/config.json')], { input: JSON.stringify(config) });
  return home;
}

it('pushes the plugin for both processors, and says what each host needs', async () => {
  const name = `${registry.at}/castnet:1.0`;
  const { stdout, stderr, status } = await push(h1(), [name]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toContain(`docker plugin install ${name} ${ALIAS.join(' ')}   # amd64`);
  expect(stdout).toContain(`docker plugin install ${name}-arm64 ${ALIAS.join(' ')}   # arm64`);
  const tags = await mustRun(
    h1().enter(['skopeo', 'list-tags', `docker://${registry.at}/castnet`]),
  );
  expect(JSON.parse(tags).Tags.sort()).toEqual(['1.0', '1.0-amd64', '1.0-arm64']);
  // Pushed again it is the same.
  expect((await push(h1(), [name])).stdout).toBe(stdout);
});

it('docker plugin install takes it on three hosts that have nothing of castnet', async () => {
  const { env } = JSON.parse(await readFile(join(ROOT, 'dist/config.json'), 'utf8')) as {
    env: { name: string; value: string }[];
  };
  const build = env.find((it) => it.name === 'CASTNET_BUILD')?.value;
  const begin = performance.now();
  await Promise.all(
    lab().hosts.map(async (host) => {
      await registry.trustOn(host);
      await host.docker(['plugin', 'install', `${registry.at}/castnet:1.0`, ...ALIAS], {
        timeoutMs: 120_000,
      });
    }),
  );
  console.log(`three hosts: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  for (const host of lab().hosts) {
    const format = '{{.Name}} {{.Enabled}} {{.Settings.Env}}';
    const said = await host.docker(['plugin', 'inspect', '-f', format, 'castnet:latest']);
    expect(said).toContain('castnet:latest true');
    expect(said).toContain(`CASTNET_BUILD=${build}`);
  }
}, 240_000);

it('the containers of a stack hear each other by multicast', async () => {
  await deployStack(lab(), 'shop', { all: { replicas: 3, global: true } });
  const containers = await containerCount(lab(), 'shop_net', 3);
  await settled(lab(), 'shop_net');
  stations = await startStations(containers);
  for (const it of stations) await it.join(GROUP);
  await groupReady(stations, GROUP);
  for (const it of stations) await it.say({ to: GROUP, tag: 'all', count: COUNT });
  expect(await settledPairs(stations, { tag: 'all', count: COUNT })).toEqual(
    everyPair(stations, COUNT),
  );
}, 180_000);

it('castnet plugin install knows what came from the registry', async () => {
  for (const host of lab().hosts) {
    expect(await castnetSays('plugin', 'install', '-H', host.dockerHost)).toContain(
      'Nothing to do',
    );
  }
});

it('docker plugin upgrade takes another tag, and no packet is lost meanwhile', async () => {
  const [from, to] = ['h1', 'h2'].map((name) =>
    stations.find((it) => it.container.host.name === name),
  ) as [Station, Station];
  await from.stream({ to: GROUP, tag: 'upgrade', rate: 200 });
  const [, h2] = lab().hosts as [LabHost, LabHost];
  const image = `${registry.at}/castnet:1.0-amd64`;
  await h2.docker(['plugin', 'disable', '--force', 'castnet:latest']);
  const flags = ['--skip-remote-check', '--grant-all-permissions'];
  await h2.docker(['plugin', 'upgrade', ...flags, 'castnet:latest', image], { timeoutMs: 60_000 });
  await h2.docker(['plugin', 'enable', 'castnet:latest']);
  const format = '{{.PluginReference}} {{.Enabled}}';
  const said = await h2.docker(['plugin', 'inspect', '-f', format, 'castnet:latest']);
  expect(said.trim()).toBe(`${image} true`);
  await settled(lab(), 'shop_net');
  const sent = await from.stop('upgrade');
  await to.hears(from, { tag: 'upgrade', count: sent });
  expect((await to.heard('upgrade'))[0]).toMatchObject({ count: sent, doubles: 0, missing: [] });
  await closeStations(stations);
  await removeStack(lab(), 'shop');
}, 180_000);

it('an Engine takes no index for a plugin, so each processor has a tag', async () => {
  const manifest = async (tag: string) => {
    const raw = ['skopeo', 'inspect', '--raw', `docker://${registry.at}/castnet:${tag}`];
    const text = await mustRun(h1().enter(raw));
    return {
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      size: Buffer.byteLength(text),
      digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
      platform: { os: 'linux', architecture: tag.split('-')[1] },
    };
  };
  const type = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const index = {
    ...{ schemaVersion: 2, mediaType: type },
    manifests: [await manifest('1.0-amd64'), await manifest('1.0-arm64')],
  };
  const ca = `/etc/docker/certs.d/${registry.at}/ca.crt`;
  const curl = ['curl', '-sS', '--fail', '--cacert', ca, '-X', 'PUT', '--data-binary', '@-'];
  const url = `https://${registry.at}/v2/castnet/manifests/both`;
  await mustRun(h1().enter([...curl, '-H', `Content-Type: ${type}`, url]), {
    input: JSON.stringify(index),
  });
  const install = ['plugin', 'install', `${registry.at}/castnet:both`, '--grant-all-permissions'];
  await expect(h1().docker(install)).rejects.toThrow(/did not find plugin config/);
});
