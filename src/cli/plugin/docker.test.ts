import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DockerError, dockerFor } from './docker.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-docker-'));
  vi.stubEnv('PATH', `${directory}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Puts a docker command in front of the machine's own. */
function docker(script: string, options = {}) {
  const path = join(directory, 'docker');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return dockerFor({ dockerHost: 'unix:///x.sock' }, options);
}

it('gives what docker printed, asked of the chosen Engine', async () => {
  expect(await docker('echo "$@"')(['info'])).toBe('--host unix:///x.sock info');
});

it('a failure is told in the words of docker', async () => {
  const failing = docker('echo "Error response from daemon: no such plugin" >&2; exit 1');
  await expect(failing(['plugin', 'inspect', 'x'])).rejects.toThrow(/^no such plugin$/);
});

it('does not wait for an Engine that takes the call and never answers', async () => {
  const hanging = docker('sleep 30 & wait', { answerMs: 300 });
  const error = await hanging(['info']).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(DockerError);
  expect(error).toHaveProperty(
    'message',
    expect.stringMatching(/^no answer within 0.3 s to docker info: /),
  );
});
