import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { quote } from '../../quote.ts';
import { parseTarget } from '../target.ts';
import { elevated, Ways } from './ssh.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-ways-'));
  vi.stubEnv('PATH', `${directory}:${process.env.PATH}`);
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Puts a program in front of the machine's own. */
function program(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

it.each(["it's", 'a "b" $c `d`', 'two\nlines', ''])('quotes %j for a shell', (word) => {
  expect(spawnSync('sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' }).stdout).toBe(
    word,
  );
});

it('asks nobody, honours the config that is named, and passes the script on as one word', async () => {
  program('ssh', 'printf "%s\\n" "$@"');
  const ways = new Ways({ config: '/my/config' });
  await ways.open();
  const { stdout } = await ways.host(parseTarget('me@[fd00::1]:2222')).run("echo 'x'");
  await ways.close();
  const args = stdout.split('\n');
  expect(args).toContain('BatchMode=yes');
  expect(stdout).toContain('-F\n/my/config\n');
  expect(stdout).toContain('-l\nme\n-p\n2222\n--\nfd00::1\nexec sh -c ');
});

it('runs as root by sudo -n where the user is not, and tells where ssh came in', () => {
  program('id', 'echo 1000');
  program('sudo', 'echo "sudo $1 $2"; shift 2; exec "$@"');
  const script = elevated('echo "as root from $CASTNET_FROM"');
  const env = { ...process.env, SSH_CONNECTION: '1 2 3 4' };
  const { stdout } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' });
  expect(stdout).toBe('sudo -n --\nas root from 1 2 3 4\n');
});

it('gives a file to a script, and tells its end also where it did not read all', async () => {
  program('ssh', 'eval "$(for last; do :; done; printf %s "$last")"');
  program('id', 'echo 0');
  const file = join(directory, 'file');
  writeFileSync(file, 'x'.repeat(1_000_000));
  const ways = new Ways();
  await ways.open();
  const host = ways.host(parseTarget('h1'));
  expect((await host.feed('wc -c', file)).stdout.trim()).toBe('1000000');
  expect(await host.feed('echo full >&2; exit 3', file)).toMatchObject({
    status: 3,
    stderr: 'full\n',
  });
  await ways.close();
});

it('does not wait for a host that hangs, nor after an interrupt', async () => {
  program('ssh', 'exec sleep 60');
  const interrupt = new AbortController();
  const ways = new Ways({ signal: interrupt.signal });
  await ways.open();
  const host = ways.host(parseTarget('h1'));
  expect(await host.run('true', { timeoutMs: 100 })).toMatchObject({ late: true });
  const running = host.run('true');
  interrupt.abort(new Error('interrupted'));
  await expect(running).rejects.toThrow('interrupted');
  await expect(host.run('true')).rejects.toThrow('interrupted');
  await ways.close();
  expect(readdirSync(directory).filter((it) => it.startsWith('castnet-ssh-'))).toEqual([]);
});
