/** What was run on which Docker Engine and kernel, and docs/compatibility.md made of it. */
import * as z from 'zod';
import { bootResult } from '../lab/kernels/results.ts';
import { countReport } from './test-report.ts';

const engineResult = z.object({
  kind: z.literal('engine'),
  /** Version of the Docker Engine. */
  engine: z.string(),
  /** As `uname -r` says it. */
  kernel: z.string(),
  /** Day, as 2026-11-27. */
  when: z.string(),
  /** Lab test files, without their endings; sorted. */
  files: z.array(z.string()),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
});

/** Of a boot only what is the same on every machine: no reason holds a path of the one it ran on. */
const kernelResult = bootResult.extend({
  steps: z.array(z.object({ step: z.string(), status: z.enum(['passed', 'failed', 'skipped']) })),
});

const result = z.discriminatedUnion('kind', [engineResult, kernelResult]);

export type Result = z.infer<typeof result>;
export type EngineResult = z.infer<typeof engineResult>;

/** Of JSON lines. @throws ZodError or SyntaxError for a line of another form */
export function parseResults(text: string): Result[] {
  const lines = text.split('\n').filter((it) => it.trim() !== '');
  return lines.map((it) => result.parse(JSON.parse(it)));
}

/**
 * Vitest's reports of lab tests as a result. A test file that is in several counts as in the last.
 * @param about where they ran, and when
 */
export function labResult(
  reports: readonly string[],
  about: Pick<EngineResult, 'engine' | 'kernel' | 'when'>,
): EngineResult {
  const byFile = new Map(
    reports.flatMap((report) => {
      const { testResults = [] } = JSON.parse(report) as { testResults?: { name: string }[] };
      return testResults.map((it) => [(it.name.split('/').at(-1) ?? '').split('.')[0] ?? '', it]);
    }),
  );
  const counts = countReport(JSON.stringify({ testResults: [...byFile.values()] }), 0);
  return { kind: 'engine', ...about, files: [...byFile.keys()].sort(), ...counts };
}

/** Whether it tells how quick a kernel is and not what works on it (`npm run test:kernels -- --speed`). */
export const isMeasurement = (it: Result): boolean =>
  it.kind === 'kernel' && it.steps.some(({ step }) => step === 'speed');

/** The results with a new one: it takes the place of those that tell of the same, or of a part of it. */
export function withResult(results: readonly Result[], added: Result): Result[] {
  const isPart = (it: Result): boolean =>
    keyOf(it) === keyOf(added) && filesOf(it).every((file) => filesOf(added).includes(file));
  return [...results.filter((it) => !isPart(it)), added];
}

const filesOf = (it: Result): readonly string[] => (it.kind === 'engine' ? it.files : []);

const keyOf = (it: Result): string =>
  it.kind === 'engine'
    ? `engine ${it.engine} ${it.kernel}`
    : `kernel ${it.release ?? it.suite} ${it.engine} ${it.parameters.join()}`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

/** docs/compatibility.md. */
export function compatibilityPage(results: readonly Result[]): string {
  const engines = results.flatMap((it) => (it.kind === 'engine' ? [it] : []));
  // A suite that could not be had has no release: nothing was tried.
  const kernels = results.flatMap((it) =>
    it.kind === 'kernel' && it.release !== undefined ? [it] : [],
  );
  return [
    '# Compatibility',
    '',
    'On which Docker Engines and kernels castnet was run, and with which outcome. This page is written by',
    '`npm run compatibility` from [compatibility.jsonl](compatibility.jsonl); what is not in it was not',
    'tried.',
    '',
    '## Docker Engines',
    '',
    'Lab tests on real Engines (`CASTNET_LAB_ENGINE=NAME npm test -- lab`). A short test of Debian’s other',
    'Engines is part of every `npm test`. A file that was run again that day counts as it did last.',
    '',
    ...table(
      ['Engine', 'Kernel', 'Passed', 'Failed', 'Skipped', 'Lab test files', 'Day'],
      engines.map((it) => [
        ...[it.engine, it.kernel, String(it.passed), String(it.failed), String(it.skipped)],
        ...[it.files.join(', '), it.when],
      ]),
    ),
    '',
    '## Kernels',
    '',
    'Debian’s kernels in virtual machines without a network, three hosts in each (`npm run test:kernels`,',
    '[lab.md](lab.md)).',
    '',
    ...table(
      ['Kernel', 'Command line', 'Engine', 'Passed', 'Failed', 'Day'],
      kernels.map((it) => [
        it.release ?? '',
        it.parameters.join(' ') || '–',
        it.engine,
        stepsOf(it.steps, 'passed'),
        stepsOf(it.steps, 'failed'),
        it.when,
      ]),
    ),
    '',
  ].join('\n');
}

function stepsOf(steps: readonly { step: string; status: string }[], status: string): string {
  const found = steps.filter((it) => it.status === status).map((it) => it.step);
  return found.join(', ') || '–';
}
