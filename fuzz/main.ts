/**
 * Feeds everything that reads what others wrote with inputs that nobody meant:
 *
 *   npm run fuzz                                  a million inputs for each target
 *   npm run fuzz -- --runs N --seed S --only TEXT fewer, others, targets whose name holds TEXT
 *
 * Ends with a table, and with status 1 when something broke. Equal seeds make equal inputs, and a
 * target that breaks gets no more, but the smallest input found is shown.
 */
import { parseArgs } from 'node:util';
import { renderTable } from '../src/cli/output.ts';
import { fuzz, type Outcome } from './fuzz.ts';
import { TARGETS } from './targets/all.ts';

const USAGE = `Usage: npm run fuzz -- [--runs N] [--seed S] [--only TEXT]
Targets, of which TEXT is a part: ${TARGETS.map((it) => it.name).join(', ')}`;

/** Errors: ends the program with status 2 and what is accepted. */
function refuse(why: string): never {
  console.error(`fuzz: ${why}\n${USAGE}`);
  process.exit(2);
}

function readArgs() {
  try {
    return parseArgs({
      options: {
        runs: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string', default: '' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const values = readArgs();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!(Number.isInteger(runs) && runs > 0))
  refuse(`--runs ${values.runs} is no whole number over 0`);
if (!Number.isInteger(seed)) refuse(`--seed ${values.seed} is no whole number`);
const chosen = TARGETS.filter((it) => it.name.includes(values.only));
if (chosen.length === 0) refuse(`no target has "${values.only}" in its name`);

const outcomes: Outcome[] = [];
for (const target of chosen) {
  const outcome = await fuzz(target, { runs, seed });
  outcomes.push(outcome);
  console.log(`${target.name}: ${outcome.inputs} inputs${outcome.crash ? ', and it broke' : ''}`);
  if (outcome.crash === null) continue;
  const { input, error } = outcome.crash;
  console.log(`  ${JSON.stringify(input)}\n    ${error.split('\n').slice(0, 4).join('\n    ')}`);
}
const rows = outcomes.map((it) => [
  it.target,
  String(it.inputs),
  String(it.answers),
  (it.inputs / it.seconds).toFixed(0),
  `${it.slowest.toFixed(0)} ms`,
  it.crash ? 'yes' : '',
]);
console.log(
  `\n${renderTable(['TARGET', 'INPUTS', 'ANSWERS', 'PER SECOND', 'SLOWEST', 'BROKE'], rows)}`,
);
process.exitCode = outcomes.some((it) => it.crash) ? 1 : 0;
