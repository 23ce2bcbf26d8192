/** Debian's Chromium, as if it ran in a task of the stack. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import type { Task } from './recipe.ts';

/**
 * Starts a browser in the network of a task, with which it shares the addresses, routes and rules.
 * The names are those that Docker's DNS would answer there, with their addresses.
 */
export async function browserIn(
  { host, id }: Task,
  names: Record<string, string>,
): Promise<Browser> {
  const pid = (await host.docker(['inspect', '-f', '{{.State.Pid}}', id])).trim();
  const argv = host.enter(['nsenter', '-t', pid, '--net', '/usr/bin/chromium']);
  const dir = await mkdtemp(join(tmpdir(), 'castnet-browser-'));
  const path = join(dir, 'chromium');
  await writeFile(path, `#!/bin/sh\nexec ${argv.join(' ')} "$@"\n`);
  await chmod(path, 0o755);
  const rules = Object.entries(names).map(([name, address]) => `MAP ${name} ${address}`);
  const browser = await chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', `--host-resolver-rules=${rules.join(', ')}`],
  });
  browser.once('disconnected', () => void rm(dir, { recursive: true, force: true }));
  return browser;
}
