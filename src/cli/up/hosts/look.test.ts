import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLook } from './look.ts';
import { LOOK, sectionsOf } from './look-script.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-look-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs the script with a docker command that answers so. */
function look(docker: string) {
  const path = join(directory, 'docker');
  writeFileSync(path, `#!/bin/sh\n${docker}\n`);
  chmodSync(path, 0o755);
  const env = { PATH: `${directory}:${process.env.PATH}`, CASTNET_FROM: '10.0.0.9 5 10.0.0.1 22' };
  const { stdout } = spawnSync('sh', ['-c', LOOK], { env, encoding: 'utf8' });
  const sections = sectionsOf(stdout);
  if (sections === undefined) throw new Error(stdout);
  return readLook('h1', sections, { now: Date.now() / 1000, address: undefined });
}

const VERSION = {
  Version: '20.10.24',
  ApiVersion: '1.41',
  MinAPIVersion: '1.12',
  Arch: 'amd64',
  Os: 'linux',
};
const INFO = {
  ...{ ID: 'abc', DockerRootDir: '/srv/docker', SecurityOptions: ['name=seccomp'] },
  Swarm: { LocalNodeState: 'active', NodeID: 'n1', NodeAddr: '10.0.0.1', ControlAvailable: true },
};
const NODE = { ID: 'n1', Spec: { Role: 'manager' }, Status: { State: 'ready' } };
const NET = { Name: 'shop', Driver: 'castnet:latest', Options: { vni: '8000000' } };

it('reads what a host says of itself', () => {
  const found = look(`case "$1 $2" in
'version --format') echo 'WARNING: a config' >&2; echo '${JSON.stringify(VERSION)}' ;;
'info --format') echo '${JSON.stringify(INFO)}' ;;
'plugin inspect') echo 'Error: no such plugin' >&2; exit 1 ;;
'network ls') echo id ;;
'network inspect') echo '${JSON.stringify(NET)}' ;;
'node ls') echo n1 ;;
'node inspect') echo '${JSON.stringify(NODE)}' ;;
esac`);
  expect(found).toMatchObject({
    facts: {
      ...{ host: 'h1', address: '10.0.0.1', plugin: undefined, staged: undefined },
      docker: { id: 'abc', version: '20.10.24', dataRoot: '/srv/docker', rootless: false },
      swarm: {
        state: 'active',
        manager: true,
        nodes: [{ id: 'n1', role: 'manager', ready: true }],
      },
      networks: [{ name: 'shop', driver: 'castnet:latest', options: { vni: '8000000' } }],
    },
  });
  expect('facts' in found && Math.abs(found.facts.clockOffset)).toBeLessThan(10);
  expect('facts' in found && found.facts.free).toBeGreaterThan(0);
});

it('Docker that does not run is told in its own words', () => {
  const found = look("echo null; echo 'Cannot connect to the Docker daemon' >&2; exit 1");
  expect(found).toMatchObject({
    problem: { code: 'docker-down', what: expect.stringContaining('Cannot connect') },
  });
});

it('output that breaks off is no look', () => {
  expect(sectionsOf('\n@@from\n1 2 3 4\n@=0\n\n@@boot\nab')).toBeUndefined();
  expect(sectionsOf('')).toBeUndefined();
});

it('where Docker is missing, the distribution’s own command is named', () => {
  const sections = sectionsOf(
    '\n@@client\n\n@=127\n\n@@distribution\nNAME="Ubuntu"\nID=ubuntu\n@=0\n\n@@date\n1\n@=0\n',
  );
  const found = readLook('h1', sections ?? new Map(), { now: 0, address: undefined });
  expect(found).toMatchObject({
    problem: {
      code: 'docker-missing',
      remedy: expect.stringContaining('apt-get install -y docker.io'),
    },
  });
});
