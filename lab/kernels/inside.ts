/**
 * What a virtual machine runs: every step, with a time-out for each. One JSON line for each, to the
 * second serial port; what a step does meanwhile goes to the console.
 *
 *   node lab/kernels/inside.ts STEP…     only these, by name; all without any
 */
import { openSync, writeSync } from 'node:fs';
import { removeOrphans } from '../kit/orphans.ts';
import { keepLogs } from './keep.ts';
import { mountNode } from './plugin.ts';
import type { StepResult } from './results.ts';
import { STEPS, type Stage, type Step } from './steps.ts';

const RESULTS = '/dev/ttyS1';

const results = openSync(RESULTS, 'w');
const chosen = process.argv.slice(2);
const stage: Omit<Stage, 'signal'> = { say: (line) => console.log(`  ${line}`) };

async function runStep({ name, timeoutMs, run }: Step): Promise<StepResult> {
  const begin = performance.now();
  const late = AbortSignal.timeout(timeoutMs);
  const time = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(`not within ${timeoutMs / 1000} s`)));
  });
  const common = () => ({
    step: name,
    seconds: Math.round((performance.now() - begin) / 100) / 10,
  });
  try {
    const work = run(Object.assign(stage, { signal: late }));
    const figures = await Promise.race([work, time]);
    return { ...common(), status: 'passed', figures };
  } catch (error) {
    console.error(error);
    if (stage.lab !== undefined) await keepLogs(stage.lab);
    const why = error instanceof Error ? error.message : String(error);
    return { ...common(), status: 'failed', why: why.split('\n').slice(0, 3).join(' ') };
  }
}

await mountNode();
for (const step of STEPS) {
  if (chosen.length > 0 && !chosen.includes(step.name)) continue;
  console.log(`step ${step.name}`);
  writeSync(results, `${JSON.stringify({ begin: step.name })}\n`);
  writeSync(results, `${JSON.stringify(await runStep(step))}\n`);
}
await removeOrphans();
process.exit(0);
