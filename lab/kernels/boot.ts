/** One boot of a suite's kernel, and what came of its steps. */
import { join } from 'node:path';
import { renderTable, UserError } from '../../src/cli/output.ts';
import { SUITES, type Suite } from '../engines/names.ts';
import { Unreachable } from '../engines/suite.ts';
import { NODE, ROOT } from '../kit/containers.ts';
import { runGuest } from './guest.ts';
import { type Kernel, openKernel } from './kernel.ts';
import { type BootResult, parseStep, type StepResult } from './results.ts';
import { ALL_STEPS, SHORT_STEPS, SPEED_STEPS, STEPS } from './steps.ts';

/**
 * Milliseconds of this machine, for a guest that hangs. The steps' bounds are of the guest's time, which
 * is slower than this by as much as the machine is busy with other things.
 */
const BOOT_MS = 60 * 60_000;

const ENV = { CASTNET_LAB_EVERY_MS: '500' };

export type Boot = {
  suite: Suite;
  parameters: string[];
  /** The processor, by qemu's name. */
  cpu: string;
  steps: readonly string[];
};

/** A processor with SSSE3, and without AES and AVX. */
const PLAIN = 'Nehalem';
/**
 * All that qemu emulates, AES, PCLMULQDQ and AVX2 among it, but for quick copies of bytes (ERMS, FSRM): a kernel
 * that has them copies by one instruction a byte as the guest's clock counts them, and by one for eight without.
 */
const FULL = 'max,-erms,-fsrm';

/** The boot of a kernel that has IPv6 switched off: it is the parameter that matters. */
const NO_IPV6 = 'no-ipv6';

export const BOOT_NAMES: readonly string[] = [...SUITES, NO_IPV6];

/**
 * The boots of these names, or all; with `speed` those that measure, of each kernel one without and one with
 * a processor's AES. Errors: UserError for a name that there is not, with those that there are.
 */
export function planBoots(names: readonly string[], { speed = false } = {}): Boot[] {
  const all = speed ? SUITES : BOOT_NAMES;
  const boots = (names.length > 0 ? names : all).map((name): Boot => {
    if (name === NO_IPV6) {
      const parameters = ['ipv6.disable=1'];
      return { suite: SUITES[0], parameters, cpu: PLAIN, steps: SHORT_STEPS };
    }
    const suite = SUITES.find((it) => it === name);
    if (suite !== undefined) return { suite, parameters: [], cpu: PLAIN, steps: ALL_STEPS };
    throw new UserError(`there is no kernel "${name}" to boot.`, {
      hint: `There are ${BOOT_NAMES.join(', ')}.`,
      exitCode: 2,
    });
  });
  if (!speed) return boots;
  return boots.flatMap((it) => [PLAIN, FULL].map((cpu) => ({ ...it, cpu, steps: SPEED_STEPS })));
}

export type RunBoot = {
  /** What the result says of itself beside its suite, parameters and steps. */
  about: Pick<BootResult, 'engine' | 'castnet' | 'when'>;
  /** Whether the suite's newest kernel is asked for. */
  fresh: boolean;
  /** Directory of what the guest says and keeps. */
  output: string;
  say: (line: string) => void;
  signal: AbortSignal;
  /** As openKernel and runGuest, which they are unless a test says otherwise. */
  open?: typeof openKernel;
  guest?: typeof runGuest;
};

/**
 * Every step of the boot is in its result: passed or failed, or skipped where the suite cannot be had.
 * Errors: what aborted the signal; any but Unreachable of `open`.
 */
export async function runBoot(boot: Boot, options: RunBoot): Promise<BootResult> {
  const { suite, parameters, cpu, steps } = boot;
  const { about, fresh, say, open = openKernel } = options;
  const result: BootResult = { kind: 'kernel', suite, parameters, cpu, ...about, steps: [] };
  const others = (status: StepResult['status'], why: string): void => {
    const done = result.steps.map(({ step }) => step);
    for (const step of steps.filter((it) => !done.includes(it)))
      result.steps.push({ step, status, seconds: 0, why });
  };
  let kernel: Kernel;
  try {
    kernel = await open(suite, { fresh, say });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    say(`${suite}: skipped, ${error.message}`);
    others('skipped', error.message);
    return result;
  }
  result.release = kernel.release;
  const on = cpu === PLAIN ? [] : [`on qemu’s ${cpu}`];
  say(`\n${[`Linux ${kernel.release} of ${suite}`, ...parameters, ...on].join(' ')}`);
  const onStep = (step: StepResult): void => {
    result.steps.push(step);
    say(stepLine(step));
    if (step.step === 'speed' && step.figures !== undefined) say(figureTable(step.figures));
  };
  others('failed', await bootGuest(boot, { ...options, kernel, onStep }));
  return result;
}

/** @returns why steps that were not reported were not */
async function bootGuest(
  { suite, parameters, cpu, steps }: Boot,
  options: RunBoot & { kernel: Kernel; onStep: (step: StepResult) => void },
): Promise<string> {
  const { kernel, onStep, output, signal, guest = runGuest } = options;
  const words = [suite, ...parameters, ...(cpu === PLAIN ? [] : ['full'])];
  const kept = join(output, `kernel-${words.join('-')}`);
  const log = `${kept}.log`;
  const argv = [NODE, join(ROOT, 'lab/kernels/inside.ts'), ...steps];
  try {
    await guest({
      ...{ kernel, cpu, root: ROOT, node: NODE, argv, env: ENV, kernelArgs: parameters },
      ...{ timeoutMs: BOOT_MS, log, kept, signal },
      onLine: (line) => {
        const step = parseStep(line);
        if (step !== undefined) onStep(step);
      },
    });
    return `the guest ended before it; see ${log}`;
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}

function stepLine({ step, status, seconds, why }: StepResult): string {
  const title = STEPS.find(({ name }) => name === step)?.title ?? step;
  const mark = status === 'passed' ? '✓' : '✗';
  return `  ${mark} ${title} (${seconds} s)${why ? `: ${why}` : ''}`;
}

function figureTable(figures: NonNullable<StepResult['figures']>): string {
  const rows = Object.entries(figures).map(([name, value]) => [name, String(value)]);
  return renderTable(['FIGURE', 'MEASURED'], rows);
}

/** The last line of a run, and whether it is a good one: something passed and nothing failed. */
export function summary(steps: readonly StepResult[]): { line: string; good: boolean } {
  const count = (status: string) => steps.filter((it) => it.status === status).length;
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(count);
  const rest = skipped === 0 ? '' : `, ${skipped} skipped`;
  return {
    line: `${passed} passed, ${failed} failed${rest}`,
    good: failed === 0 && passed !== 0,
  };
}
