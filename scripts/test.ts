/**
 * What `npm test` runs: lint and types, then the unit tests; then it builds the plugin and runs the
 * lab tests on real Docker Engines, and beside them the recipes whose software comes from Debian and
 * npm. Where one of these stages fails, it ends. Reports go to test-output/. What failed is named once more at
 * the end. The last line says `N passed, N failed`, in which lint and types count as one each, and
 * the exit status is 0 only if nothing failed and something passed.
 *
 *   npm test                        all of it
 *   npm test -- unit                only these: lint, types, unit, lab, recipes, recipes-maven
 *   npm test -- lab basics pruning  only the files whose path contains one of the words
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOrphans } from '../lab/kit/orphans.ts';
import { isTests, needsBuild, planOf, projectsOf, type Step, vitestWords } from './test-plan.ts';
import { addCounts, type Counts, countReport, failuresOf, summaryLine } from './test-report.ts';

const ROOT = join(import.meta.dirname, '..');
const OUTPUT = join(ROOT, 'test-output');
const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };
const NPM_SCRIPTS: Partial<Record<Step, string>> = { lint: 'lint', types: 'typecheck' };

/** Runs a program in this checkout. @param output of its words; @returns its exit status */
function run(program: string, args: readonly string[], output: Output = 'inherit') {
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['inherit', output, output] });
    // The terminal sends Ctrl-C to the child too; it cleans up, and this waits for it.
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGTERM', pass);
    child.once('error', reject);
    child.once('close', (status) => {
      process.off('SIGTERM', pass);
      resolve(status ?? 1);
    });
  });
}

/** This process's own, or an open file. */
type Output = 'inherit' | number;

/** One of this checkout's programs, on this Node. */
const runNode = (args: readonly string[], output?: Output): Promise<number> =>
  run(process.execPath, args, output);

/** What counts as one: passed if the status is 0. */
function countStatus(name: string, status: number): Counts {
  if (status === 0) return { passed: 1, failed: 0, skipped: 0 };
  failures.push(`${name}: ended with status ${status}; its words are above`);
  return { passed: 0, failed: 1, skipped: 0 };
}

async function runTests(project: Step, output: Output): Promise<Counts> {
  const json = join(OUTPUT, `${project}.json`);
  const argv = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    ...['run', ...projectsOf(project).flatMap((it) => ['--project', it])],
    ...['--reporter=default', '--reporter=json', '--reporter=junit'],
    `--outputFile.json=${json}`,
    `--outputFile.junit=${join(OUTPUT, `${project}.xml`)}`,
    ...vitestWords(project, words),
  ];
  const status = await runNode(argv, output);
  const report = await readFile(json, 'utf8').catch(() => undefined);
  failures.push(...failuresOf(report, status).map((it) => `${project}: ${it}`));
  return countReport(report, status);
}

async function runStep(step: Step, output: Output = 'inherit'): Promise<Counts> {
  if (isTests(step)) return runTests(step, output);
  const script = NPM_SCRIPTS[step] ?? step;
  return countStatus(step, await run('npm', ['run', '--silent', script], output));
}

/** Runs a step beside another. Its words are said together, when it has ended. */
async function runBeside(step: Step): Promise<Counts> {
  const path = join(OUTPUT, `${step}.log`);
  const log = await open(path, 'w');
  try {
    return await runStep(step, log.fd);
  } finally {
    await log.close();
    process.stdout.write(await readFile(path));
  }
}

/** A build is no test, so only its failure counts. */
async function build(): Promise<Counts> {
  const status = await runNode([join(ROOT, 'plugin/build.ts')]);
  return { ...countStatus('build', status), passed: 0 };
}

async function runStage(stage: readonly Step[]): Promise<Counts> {
  const built = stage.some(needsBuild) ? await build() : NOTHING;
  if (built.failed > 0 || isInterrupted) return built;
  const [first, ...others] = stage as readonly [Step, ...Step[]];
  const counts = await Promise.all([runStep(first), ...others.map(runBeside)]);
  return counts.reduce(addCounts, built);
}

const { stages, words } = planOf(process.argv.slice(2));

let isInterrupted = false;
const stop = (): void => {
  isInterrupted = true;
};
process.on('SIGINT', stop).on('SIGTERM', stop);

await rm(OUTPUT, { recursive: true, force: true });
await mkdir(OUTPUT, { recursive: true });
const failures: string[] = [];
let total = NOTHING;
const waiting = [...stages];
for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
  total = addCounts(total, await runStage(stage));
  if (total.failed > 0 || isInterrupted) break;
}
if (stages.flat().some(needsBuild)) {
  // An interrupted test cannot take its lab down itself.
  for (const name of await removeOrphans()) console.error(`castnet: took down lab "${name}"`);
}
for (const failure of failures) console.log(`failed: ${failure}`);
if (waiting.length > 0) console.log(`not run after that: ${waiting.flat().join(', ')}`);
console.log(summaryLine(total));
const isWhole = total.failed === 0 && total.passed > 0;
process.exitCode = isInterrupted ? 130 : isWhole ? 0 : 1;
