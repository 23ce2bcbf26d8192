import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Runs the command from its sources, with no agent to be found. */
function castnet(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const env = { ...process.env, CASTNET_SOCKET: '/nonexistent/castnet.sock' };
  const argv = [join(import.meta.dirname, '../../bin/main.ts'), ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

it('without an argument says what there is', async () => {
  const { status, stdout } = await castnet();
  expect(status).toBe(0);
  for (const command of ['status', 'probe', 'doctor', 'plugin', 'lab']) {
    expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  }
});

it.each([
  [['stauts'], 2, /unknown command 'stauts'\n\(Did you mean status\?\)/],
  [['plugin', 'instal'], 2, /Did you mean install\?/],
  [['status', '--jsno'], 2, /Did you mean --json\?/],
  [['probe'], 2, /missing required argument 'network'/],
  [['status'], 1, /there is no agent at \/nonexistent.*\n {2}Is the plugin installed and enabled/],
  [['probe', 'mynet'], 1, /there is no agent/],
  [['log-level', 'debug'], 1, /there is no agent/],
])('%j ends with status %i, says what to do, and shows no stack', async (args, status, words) => {
  const said = await castnet(...args);
  expect(said.status).toBe(status);
  expect(said.stderr).toMatch(words);
  expect(said.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
});
