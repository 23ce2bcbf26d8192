/**
 * Writes docs/compatibility.md from docs/compatibility.jsonl, after adding what was run.
 *
 *   npm run compatibility                              the page alone
 *   npm run compatibility -- kernels.jsonl             with what `npm run test:kernels` wrote
 *   npm run compatibility -- 28.5.2=test-output/lab.json   with a lab run on that Engine; of several
 *                                                      reports (FILE,FILE) a test file's last counts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { describeError, UserError } from '../src/cli/output.ts';
import {
  compatibilityPage,
  isMeasurement,
  labResult,
  parseResults,
  withResult,
} from './compatibility-table.ts';

const DOCS = join(import.meta.dirname, '../docs');
const RESULTS = join(DOCS, 'compatibility.jsonl');

/** @throws UserError for a file that is not there */
function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new UserError(`${file} cannot be read: ${error.message}`, {
      hint: 'Give what `npm run test:kernels` wrote, or ENGINE=FILE with a report of lab tests (test-output/lab.json).',
    });
  });
}

async function write(words: readonly string[]): Promise<void> {
  let results = parseResults(await read(RESULTS));
  for (const word of words) {
    const [engine, files = ''] = word.includes('=') ? word.split('=') : [undefined, word];
    const texts = await Promise.all(files.split(',').map(read));
    const when = new Date().toISOString().slice(0, 10);
    const added =
      engine === undefined
        ? texts.flatMap(parseResults).filter((it) => !isMeasurement(it))
        : [labResult(texts, { engine, kernel: release(), when })];
    for (const it of added) results = withResult(results, it);
  }
  await writeFile(RESULTS, results.map((it) => `${JSON.stringify(it)}\n`).join(''));
  await writeFile(join(DOCS, 'compatibility.md'), compatibilityPage(results));
}

try {
  await write(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
