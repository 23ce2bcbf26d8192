/**
 * Writes docs/compatibility.md from docs/compatibility.jsonl, after adding what was run.
 *
 *   npm run compatibility                              the page alone
 *   npm run compatibility -- kernels.jsonl             with what `npm run test:kernels` wrote
 *   npm run compatibility -- 28.5.2=test-output/lab.json   with a lab run on that Engine
 */
import { readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { compatibilityPage, labResult, parseResults, withResult } from './compatibility-table.ts';

const DOCS = join(import.meta.dirname, '../docs');
const RESULTS = join(DOCS, 'compatibility.jsonl');

let results = parseResults(await readFile(RESULTS, 'utf8'));
for (const word of process.argv.slice(2)) {
  const [engine, file] = word.includes('=') ? word.split('=') : [undefined, word];
  const text = await readFile(file ?? '', 'utf8');
  const when = new Date().toISOString().slice(0, 10);
  const added =
    engine === undefined
      ? parseResults(text)
      : [labResult(text, { engine, kernel: release(), when })];
  for (const it of added) results = withResult(results, it);
}
await writeFile(RESULTS, results.map((it) => `${JSON.stringify(it)}\n`).join(''));
await writeFile(join(DOCS, 'compatibility.md'), compatibilityPage(results));
