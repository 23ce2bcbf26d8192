/**
 * Tries castnet on other kernels: boots those of Debian's suites in virtual machines and runs the
 * same steps in each.
 *
 *   npm run test:kernels                   bookworm, trixie, sid; and no-ipv6
 *   npm run test:kernels -- trixie         only this one
 *   npm run test:kernels -- no-ipv6        bookworm's, booted with ipv6.disable=1, and fewer steps
 *   npm run test:kernels -- --fresh sid    with the newest kernel of its suite
 *   npm run test:kernels -- --speed sid    measures encrypted networks beside Docker's
 *
 * Needs root, like the lab, and qemu-system-x86_64; no KVM. Ctrl-C leaves nothing. The exit status
 * is 0 only if something passed and nothing failed. Results go to test-output/kernels.jsonl.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as demo from '../../recipes/demo/site.ts';
import { describeError, UserError } from '../../src/cli/output.ts';
import { builtAs } from '../../src/cli/plugin/source.ts';
import { mustRun } from '../run.ts';
import { planBoots, runBoot, summary } from './boot.ts';
import { HELP, parseOptions } from './options.ts';
import type { StepResult } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUTPUT = join(ROOT, 'test-output');
/** The machine's directories that a virtual machine has as empty ones of its own. */
const HIDDEN = ['/tmp/', '/var/tmp/', '/dev/shm/'];

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  const { names, fresh, speed } = options;
  if (process.getuid?.() !== 0)
    throw new UserError('the kernels’ tests need root, as the lab does.', {
      hint: 'Run the same command with sudo.',
    });
  const hidden = HIDDEN.find((it) => ROOT.startsWith(it));
  if (hidden !== undefined)
    throw new UserError(
      `this checkout lies below ${hidden}, which is empty in a virtual machine.`,
      {
        hint: `Run the same in a checkout elsewhere; this one is ${ROOT}.`,
      },
    );
  const interrupt = new AbortController();
  const stop = (exitCode: number) => () =>
    interrupt.abort(new UserError('interrupted', { exitCode }));
  process.on('SIGINT', stop(130)).on('SIGTERM', stop(143));
  const boots = planBoots(names, { speed });
  await demo.prepare(() => {});
  await mkdir(OUTPUT, { recursive: true });
  const steps: StepResult[] = [];
  const { version, build } = await builtAs();
  const engine = (await mustRun(['dockerd', '--version'])).split(/[ ,]+/)[2] ?? '';
  const about = {
    ...{ engine, castnet: `${version} ${build}` },
    when: new Date().toISOString().slice(0, 10),
  };
  for (const boot of boots) {
    const result = await runBoot(boot, {
      ...{ about, fresh, output: OUTPUT, say: console.log },
      signal: interrupt.signal,
    });
    await appendFile(join(OUTPUT, 'kernels.jsonl'), `${JSON.stringify(result)}\n`);
    steps.push(...result.steps);
  }
  const { line, good } = summary(steps);
  console.log(`\n${line}`);
  return good ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
