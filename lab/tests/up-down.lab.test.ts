/** What comes after `castnet up`: a look at all hosts, an upgrade in turn, and taking it all back. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishedFaults } from '../../src/contract/testing/published.ts';
import { NEXT_BUILD, nextPackage } from '../kit/next-package.ts';
import { containersOn, runContainer } from '../kit/stack.ts';
import { createWeb } from '../kit/vip.ts';
import type { LabHost } from '../lab.ts';
import { castnetOn } from './support/command.ts';
import { difference, stateOf, useBareHosts } from './support/up.ts';

const lab = useBareHosts('updown', { hosts: 3 });
const HOSTS = ['h1', 'h2', 'h3'];
let before: string[][] = [];
/** Packages: one whose agent ends at once, one that is well. */
let [broken, next] = ['', ''];

beforeAll(async () => {
  before = await Promise.all(lab.hosts().map(stateOf));
  [broken, next] = await Promise.all([nextPackage({ build: 'brokenbuild0' }), nextPackage()]);
  await writeFile(join(broken, 'dist/agent.mjs'), 'process.exit(1);\n');
  const { status, stdout, stderr } = await lab.castnet(['up', ...HOSTS, '--network', 'shop']);
  expect(status, stdout + stderr).toBe(0);
});
afterAll(async () => {
  await Promise.all([broken, next].map((it) => rm(it, { recursive: true, force: true })));
});

async function buildOn(host: LabHost): Promise<string> {
  const env = await host.docker(['plugin', 'inspect', '-f', '{{.Settings.Env}}', 'castnet:latest']);
  return /CASTNET_BUILD=(\w+)/.exec(env)?.[1] ?? '';
}

it('status --all shows every host on one screen, by ssh and from any of them', async () => {
  for (const { stdout, status } of [
    await lab.castnet(['status', '--all', ...HOSTS]),
    await castnetOn(lab.host('h2'), ['status', '--all']),
  ]) {
    expect(status, stdout).toBe(0);
    for (const host of lab.hosts()) expect(stdout).toContain(host.address);
    expect(stdout).toContain('All 3 hosts are well.');
  }
}, 120_000);

it('status --all names a host that does not tell', async () => {
  await lab.host('h3').docker(['plugin', 'disable', '-f', 'castnet:latest']);
  const { stdout, status } = await lab.castnet(['status', '--all', ...HOSTS, '--json']);
  await lab.host('h3').docker(['plugin', 'enable', 'castnet:latest']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, silent: [{ host: 'h3' }] });
  expect(publishedFaults('status --all', JSON.parse(stdout))).toEqual([]);
}, 120_000);

it('an upgrade stops at the first host that is not well, and names it', async () => {
  const old = await buildOn(lab.host('h2'));
  const { stdout, stderr, status } = await lab.castnet(['up', ...HOSTS, '--upgrade'], broken);
  expect(status, stdout).toBe(1);
  expect(stdout).toContain('h1: upgrade castnet');
  expect(stderr).toContain('The new castnet:latest is there but disabled');
  expect(await buildOn(lab.host('h1'))).toBe('brokenbuild0');
  for (const name of ['h2', 'h3']) expect(await buildOn(lab.host(name))).toBe(old);
}, 240_000);

it('an upgrade that is well goes through all, one after another', async () => {
  const { stdout, stderr, status } = await lab.castnet(['up', ...HOSTS, '--upgrade'], next);
  expect(status, stdout + stderr).toBe(0);
  for (const host of lab.hosts()) expect(await buildOn(host)).toBe(NEXT_BUILD);
  const done = [...stdout.matchAll(/[❯✔] (h\d): upgrade/g)].map((it) => it[0].slice(0, 4));
  expect(done).toEqual(['❯ h1', '✔ h1', '❯ h2', '✔ h2', '❯ h3', '✔ h3']);
}, 240_000);

it('down names what runs, and without a word of yes changes nothing', async () => {
  await runContainer(lab.host('h2'), { network: 'shop', name: 'mine' });
  await createWeb(lab.lab(), { name: 'web', networks: ['shop'], replicas: 3, global: true });
  const exposed = await castnetOn(lab.host('h2'), ['expose', 'shop']);
  expect(exposed.status, exposed.stderr).toBe(0);
  const { stderr, status } = await lab.castnet(['down', ...HOSTS, '--leave-swarm']);
  expect(status).toBe(1);
  // That its host has an address is no use of anybody's.
  expect(stderr).not.toContain('castnet-expose');
  expect(stderr).toContain('service web, container mine on h2 (running)');
  expect(await containersOn(lab.host('h2'), 'shop')).toHaveLength(3);
}, 120_000);

it('down wants all hosts of the Swarm', async () => {
  const { stdout, status } = await lab.castnet(['down', 'h1', 'h2', '--yes']);
  expect(status).toBe(1);
  expect(stdout).toContain('1 nodes of the Swarm are not on the line: ');
}, 60_000);

it('down leaves nothing of castnet on a host, nor of the Swarm', async () => {
  const line = ['down', ...HOSTS, '--leave-swarm', '--yes', '--json'];
  const { stdout, stderr, status } = await lab.castnet(line);
  expect(status, stdout + stderr).toBe(0);
  expect(publishedFaults('down', JSON.parse(stdout))).toEqual([]);
  for (const [at, host] of lab.hosts().entries()) {
    const left = difference(before[at] ?? [], await stateOf(host));
    expect(
      left.filter((it) => !OF_DOCKER.test(it)),
      host.name,
    ).toEqual([]);
  }
}, 240_000);

/** What Docker makes for its first Swarm or plugin and keeps until the next boot. */
const OF_DOCKER = /^\+ \/run\/(containerd|docker\/(containerd|netns|runtime-runc))(\/|$)/;

it('down again has nothing to do, and up begins anew', async () => {
  const again = await lab.castnet(['down', ...HOSTS, '--leave-swarm']);
  expect(again.status, again.stderr).toBe(0);
  expect(again.stdout).toContain('castnet is on none of these hosts.');
  const { stdout, status } = await lab.castnet(['up', ...HOSTS]);
  expect(status, stdout).toBe(0);
}, 240_000);
