/**
 * Tries castnet on other kernels: boots those of Debian's suites in virtual machines and runs the
 * same steps in each.
 *
 *   npm run test:kernels                   bookworm, trixie, sid; and one without IPv6
 *   npm run test:kernels -- trixie         only this one
 *   npm run test:kernels -- --fresh sid    with the newest kernel of its suite
 *
 * Needs root, like the lab, and qemu-system-x86_64; no KVM. Ctrl-C leaves nothing. The exit status
 * is 0 only if something passed and nothing failed. Results go to test-output/kernels.jsonl.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as demo from '../../demo/prepare.ts';
import { describeError, UserError } from '../../src/cli/output.ts';
import { builtAs } from '../../src/cli/plugin-source.ts';
import { SUITES, type Suite } from '../engines/names.ts';
import { Unreachable } from '../engines/suite.ts';
import { mustRun } from '../run.ts';
import { NODE } from '../tests/support/containers.ts';
import { runGuest } from './guest.ts';
import { type Kernel, openKernel } from './kernel.ts';
import { type BootResult, parseStep, type StepResult } from './results.ts';
import { SHORT_STEPS, STEPS } from './steps.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUTPUT = join(ROOT, 'test-output');

/** Milliseconds; the steps have bounds of their own, and this is for a guest that hangs. */
const BOOT_MS = 20 * 60_000;

type Boot = { suite: Suite; parameters: string[]; steps: readonly string[] };

/** One boot for each suite, and one more without IPv6: it is the kernel's parameter that matters. */
function planBoots(suites: readonly Suite[]): Boot[] {
  const all = STEPS.map(({ name }) => name);
  const boots: Boot[] = suites.map((suite) => ({ suite, parameters: [], steps: all }));
  const [first] = suites;
  if (first !== undefined)
    boots.push({ suite: first, parameters: ['ipv6.disable=1'], steps: SHORT_STEPS });
  return boots;
}

async function runBoot(
  { suite, parameters, steps }: Boot,
  { fresh, signal }: { fresh: boolean; signal: AbortSignal },
): Promise<BootResult> {
  const { version, build } = await builtAs();
  const engine = (await mustRun(['dockerd', '--version'])).split(/[ ,]+/)[2] ?? '';
  const result: BootResult = {
    kind: 'kernel',
    ...{ suite, parameters, engine, castnet: `${version} ${build}` },
    when: new Date().toISOString().slice(0, 10),
    steps: [],
  };
  const others = (status: StepResult['status'], why: string): void => {
    const done = result.steps.map(({ step }) => step);
    for (const step of steps.filter((it) => !done.includes(it)))
      result.steps.push({ step, status, seconds: 0, why });
  };
  let kernel: Kernel;
  try {
    kernel = await openKernel(suite, { fresh, say: console.log });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    console.log(`${suite}: skipped, ${error.message}`);
    others('skipped', error.message);
    return result;
  }
  result.release = kernel.release;
  console.log(`\nLinux ${kernel.release} of ${suite} ${parameters.join(' ')}`.trimEnd());
  const onLine = (line: string): void => {
    const step = parseStep(line);
    if (step === undefined) return;
    result.steps.push(step);
    const title = STEPS.find(({ name }) => name === step.step)?.title ?? step.step;
    const mark = step.status === 'passed' ? '✓' : '✗';
    console.log(`  ${mark} ${title} (${step.seconds} s)${step.why ? `: ${step.why}` : ''}`);
  };
  const log = join(OUTPUT, `kernel-${suite}${parameters.map((it) => `-${it}`).join('')}.log`);
  const argv = [NODE, join(ROOT, 'lab/kernels/inside.ts'), ...steps];
  const guest = { kernel, root: ROOT, node: NODE, argv, env: {}, kernelArgs: parameters };
  await runGuest({ ...guest, timeoutMs: BOOT_MS, log, onLine, signal }).catch((error: Error) => {
    signal.throwIfAborted();
    others('failed', error.message);
  });
  others('failed', `the guest ended before it; see ${log}`);
  return result;
}

async function main(args: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0)
    throw new UserError('the kernels’ tests need root, as the lab does.', {
      hint: 'Run the same command with sudo.',
    });
  const interrupt = new AbortController();
  const stop = (exitCode: number) => () =>
    interrupt.abort(new UserError('interrupted', { exitCode }));
  process.on('SIGINT', stop(130)).on('SIGTERM', stop(143));
  const named = args.filter((it) => it !== '--fresh').map(suiteName);
  if (!(await demo.clientReady())) await demo.installClient();
  await demo.build(() => {});
  await mkdir(OUTPUT, { recursive: true });
  const steps: StepResult[] = [];
  for (const boot of planBoots(named.length > 0 ? named : SUITES)) {
    const options = { fresh: args.includes('--fresh'), signal: interrupt.signal };
    const result = await runBoot(boot, options);
    await appendFile(join(OUTPUT, 'kernels.jsonl'), `${JSON.stringify(result)}\n`);
    steps.push(...result.steps);
  }
  const count = (status: string) => steps.filter((it) => it.status === status).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  console.log(`\n${count('passed')} passed, ${count('failed')} failed${skipped}`);
  return count('failed') === 0 && count('passed') > 0 ? 0 : 1;
}

function suiteName(name: string): Suite {
  const found = SUITES.find((it) => it === name);
  if (found !== undefined) return found;
  throw new UserError(`there is no kernel "${name}" to boot.`, {
    hint: `Accepted are ${SUITES.join(', ')}, and --fresh.`,
    exitCode: 2,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
