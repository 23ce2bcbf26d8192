import { expect, it } from 'vitest';
import type { Host } from './hosts/host.ts';
import { Ways } from './hosts/ssh.ts';
import { lookFor } from './looking.ts';
import { ToldElsewhere } from './progress.ts';
import { parseTarget } from './target.ts';
import { RELEASE, wanted } from './testing/facts.ts';

const NO_DOCKER =
  '\n@@client\n\n@=127\n\n@@distribution\nID=debian\n@=0\n\n@@boot\nb\n@=0\n\n@@date\n1\n@=0\n';
const BROKEN = NO_DOCKER.replace('@@client\n\n@=127', '@@client\n/usr/bin/docker\n@=0');

/** A host that answers a look so, first and later, and keeps what else it was told to run. */
function host(name: string, first: string, later = first) {
  const ran: string[] = [];
  const outcome = { status: 0, signal: null, late: false, stderr: '' };
  const it: Host = {
    name,
    target: parseTarget(name),
    run: async (script) => {
      if (script.includes('@@')) return { ...outcome, stdout: ran.length === 0 ? first : later };
      ran.push(script);
      return { ...outcome, stdout: '' };
    },
    feed: () => Promise.reject(new Error('nothing is fed')),
    start: () => {
      throw new Error('nothing is started');
    },
  };
  return { it, ran };
}

const look = (hosts: Host[], installDocker: boolean) =>
  lookFor({
    ...{ hosts, installDocker, wanted: wanted(), release: RELEASE, ways: new Ways() },
    progress: async (tasks) => {
      for (const { run } of tasks) {
        await run(() => {}).catch((error: Error) => {
          if (!(error instanceof ToldElsewhere)) throw error;
        });
      }
    },
  });

const codes = async (found: ReturnType<typeof look>) => (await found).problems.map((it) => it.code);

it('names what is missing, and installs nothing unless told', async () => {
  const one = host('localhost', NO_DOCKER);
  expect(await codes(look([one.it], false))).toEqual(['docker-missing']);
  expect(one.ran).toEqual([]);
});

it('installs Docker where it is told and looks again, once', async () => {
  const one = host('localhost', NO_DOCKER, BROKEN);
  expect(await codes(look([one.it], true))).toEqual(['docker-down']);
  expect(one.ran).toEqual([expect.stringContaining('apt-get install -y docker.io')]);
});

it('installs nothing while something else is in the way', async () => {
  const [one, two] = [host('localhost', NO_DOCKER), host('127.0.0.1', BROKEN)];
  expect(await codes(look([one.it, two.it], true))).toEqual(['docker-missing', 'docker-down']);
  expect(one.ran).toEqual([]);
});
