/**
 * What `npm test` runs: builds the plugin, then the unit tests, then the lab tests on real Docker
 * Engines, then the recipes whose software comes from Debian and npm. Reports go to test-output/.
 * What failed is named once more at the end. The last line says `N passed, N failed`, and the exit
 * status is 0 only if nothing failed and something passed.
 *
 *   npm test                        unit, lab and recipes
 *   npm test -- unit                only these projects: unit, lab, recipes, recipes-maven
 *   npm test -- lab basics pruning  only the files whose path contains one of the words
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOrphans } from '../lab/tests/support/orphans.ts';
import { addCounts, type Counts, countReport, failuresOf, summaryLine } from './test-report.ts';

const ROOT = join(import.meta.dirname, '..');
const OUTPUT = join(ROOT, 'test-output');
const PROJECTS = ['unit', 'lab', 'recipes'];
/** Also what must be asked for, since Maven Central is one more place that must be reached. */
const ALL_PROJECTS = [...PROJECTS, 'recipes-maven'];

/** Runs one of this checkout's programs on this Node. @returns its exit status */
function runNode(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
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

async function runProject(project: string, words: string[]): Promise<Counts> {
  const json = join(OUTPUT, `${project}.json`);
  const status = await runNode([
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', project],
    ...['--reporter=default', '--reporter=json', '--reporter=junit'],
    `--outputFile.json=${json}`,
    `--outputFile.junit=${join(OUTPUT, `${project}.xml`)}`,
    ...words,
  ]);
  const report = await readFile(json, 'utf8').catch(() => undefined);
  failures.push(...failuresOf(report).map((it) => `${project}: ${it}`));
  return countReport(report, status);
}

const given = process.argv.slice(2);
const named = given.filter((word) => ALL_PROJECTS.includes(word));
const chosen = named.length > 0 ? named : PROJECTS;
const words = given.filter((word) => !ALL_PROJECTS.includes(word));

let isInterrupted = false;
const stop = (): void => {
  isInterrupted = true;
};
process.on('SIGINT', stop).on('SIGTERM', stop);

await rm(OUTPUT, { recursive: true, force: true });
await mkdir(OUTPUT, { recursive: true });
const failures: string[] = [];
let total: Counts = { passed: 0, failed: 0, skipped: 0 };
if ((await runNode([join(ROOT, 'plugin/build.ts')])) === 0) {
  for (const project of chosen) {
    if (!isInterrupted) total = addCounts(total, await runProject(project, words));
  }
  // An interrupted test cannot take its lab down itself.
  for (const name of await removeOrphans()) console.error(`castnet: took down lab "${name}"`);
} else {
  console.error('castnet: the plugin could not be built, so no test was run.');
  total = { passed: 0, failed: 1, skipped: 0 };
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(summaryLine(total));
const isWhole = total.failed === 0 && total.passed > 0;
process.exitCode = isInterrupted ? 130 : isWhole ? 0 : 1;
