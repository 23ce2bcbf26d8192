/** The command `castnet` as a person runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { COMMANDS } from '../../../src/contract/commands.ts';
import type { Told } from '../../../src/contract/parts.ts';
import { publishedFaults } from '../../../src/contract/testing/published.ts';
import { ROOT } from '../../kit/containers.ts';
import type { LabHost } from '../../lab.ts';
import { labEnv, mustRun, type RunResult, run } from '../../run.ts';

const CASTNET = [process.execPath, join(ROOT, 'bin/castnet.js')];

/** Runs castnet to its end. */
export function castnet(...args: string[]): Promise<RunResult> {
  return run([...CASTNET, ...args], { timeoutMs: 120_000 });
}

/** Runs castnet and returns what it printed. Errors: a status other than 0. */
export function castnetSays(...args: string[]): Promise<string> {
  return mustRun([...CASTNET, ...args], { timeoutMs: 120_000 });
}

/** Starts castnet and leaves it running; `line` resolves when a line of its output matches. */
export function startCastnet(...args: string[]): {
  child: ChildProcess;
  line: (match: RegExp) => Promise<RegExpExecArray>;
  ended: Promise<number | null>;
} {
  const [file = '', ...rest] = [...CASTNET, ...args];
  const child = spawn(file, rest, { env: labEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close').then(([status]) => status as number | null);
  let said = '';
  const line = (match: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        said += chunk.toString();
        const found = match.exec(said);
        if (found !== null) resolve(found);
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      void ended.then(() => reject(new Error(`it ended without saying ${match}:\n${said}`)));
    });
  return { child, line, ended };
}

/**
 * Runs the built command on a host, as a person there does.
 * @param as a user id other than root's
 */
export function castnetOn(
  host: LabHost,
  args: string[],
  { as }: { as?: number } = {},
): Promise<RunResult> {
  const user = as === undefined ? [] : ['setpriv', '--reuid', String(as), '--clear-groups'];
  const command = [process.execPath, join(ROOT, 'dist/castnet.js'), ...args];
  return host.exec([...user, ...command], { timeoutMs: 60_000 });
}

/** Runs a command with --json on a host and holds what it prints against docs/json-schema.json. */
export async function castnetJson<K extends keyof typeof COMMANDS>(
  host: LabHost,
  command: K,
  ...args: string[]
): Promise<{ status: number; value: Told<(typeof COMMANDS)[K]> }> {
  const { stdout, stderr, status } = await castnetOn(host, [command, ...args, '--json']);
  if (stdout === '') throw new Error(`castnet ${command}: ${stderr}`);
  const value = JSON.parse(stdout) as Told<(typeof COMMANDS)[K]>;
  expect(publishedFaults(command, value), `castnet ${command}`).toEqual([]);
  return { status, value };
}
