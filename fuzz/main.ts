/**
 * Feeds everything that reads what others wrote with inputs that nobody meant:
 *
 *   npm run fuzz                                  a million inputs for each target
 *   npm run fuzz -- --runs N --seed S --only TEXT fewer, others, targets whose name holds TEXT
 *
 * Ends with a table, and with status 1 when something broke. Equal seeds make equal inputs.
 */
import { parseArgs } from 'node:util';
import { renderTable } from '../src/cli/output.ts';
import { fuzz, type Outcome } from './fuzz.ts';
import { TARGETS } from './targets/all.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
const chosen = TARGETS.filter((it) => it.name.includes(values.only));
if (!(Number.isInteger(runs) && runs > 0 && Number.isInteger(seed)) || chosen.length === 0) {
  const names = TARGETS.map((it) => it.name).join(', ');
  console.error(`fuzz: --runs and --seed take whole numbers, --only a part of one of: ${names}`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
for (const target of chosen) {
  const outcome = await fuzz(target, { runs, seed });
  outcomes.push(outcome);
  console.log(`${target.name}: ${outcome.inputs} inputs, ${outcome.crashes.length} crashes`);
  for (const { input, error } of outcome.crashes) {
    console.log(`  ${JSON.stringify(input)}\n    ${error.split('\n').slice(0, 4).join('\n    ')}`);
  }
}
const rows = outcomes.map((it) => [
  it.target,
  String(it.inputs),
  String(it.answers),
  (it.inputs / it.seconds).toFixed(0),
  `${it.slowest.toFixed(0)} ms`,
  String(it.crashes.length),
]);
console.log(
  `\n${renderTable(['TARGET', 'INPUTS', 'ANSWERS', 'PER SECOND', 'SLOWEST', 'CRASHES'], rows)}`,
);
process.exitCode = outcomes.some((it) => it.crashes.length > 0) ? 1 : 0;
