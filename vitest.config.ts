import { defineConfig } from 'vitest/config';
import { LongestFirst } from './lab/tests/support/longest-first.ts';

/** Recipes whose software comes from Maven Central. */
const FROM_MAVEN = ['hazelcast', 'vertx'].map((it) => `recipes/${it}/*.recipe.test.ts`);

/**
 * Lab tests that need the machine to themselves: those of what Docker itself is late with on a busy one, as
 * a container that it gives up, and the one that starts 500 containers.
 */
const ALONE = ['engine', 'first-call', 'many', 'reboot'].map((it) => `lab/tests/${it}.lab.test.ts`);

interface LabInput {
  readonly include: string[];
  readonly exclude: string[];
  readonly maxWorkers: number;
  /** Projects of one place run beside each other, and before those of the next. */
  readonly groupOrder: number;
  readonly env?: Record<string, string>;
}

/** Lab tests, so many files at a time. */
function lab(name: string, { groupOrder, ...rest }: LabInput) {
  const setup = { globalSetup: 'lab/tests/support/run.ts', sequence: { groupOrder } };
  // A busy machine may need that long to bring three Engines up.
  const time = { testTimeout: 90_000, hookTimeout: 240_000 };
  return { test: { name, ...rest, ...setup, ...time } };
}

/** Recipes run one after the other in one lab, which their project brings up. */
function recipes(name: string, include: string[], exclude: string[]) {
  const setup = { globalSetup: 'recipes/support/shared-lab.ts', fileParallelism: false };
  // The software's own words are printed as they are.
  const output = { disableConsoleIntercept: true };
  const time = { testTimeout: 120_000, hookTimeout: 240_000 };
  return { test: { name, include, exclude, ...setup, ...output, ...time } };
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Of the unit tests, when all of them run: `npm run test:unit -- --coverage`, and `npm test`.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/testing/**'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'test-output/coverage',
      // Percent; a little under what there is. Much of src is shown by the lab's tests alone.
      thresholds: { statements: 73, branches: 69, functions: 68, lines: 74 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          // They take milliseconds; a busy machine may stop one for seconds.
          testTimeout: 60_000,
          include: ['{src,lab,plugin,bench,chaos,fuzz,scripts,recipes,web}/**/*.test.ts'],
          exclude: ['**/*.{lab,recipe}.test.ts', '**/node_modules/**', 'dist/**'],
        },
      },
      // A lab waits for most of the time, so two, and that of the recipes beside them, keep two cores busy.
      lab('lab', {
        include: ['lab/tests/**/*.lab.test.ts'],
        exclude: ALONE,
        maxWorkers: 2,
        groupOrder: 0,
      }),
      // Once more on encrypted networks: lab/tests/support/network-kind.ts.
      lab('lab-encrypted', {
        include: ['groups', 'pruning'].map((it) => `lab/tests/${it}.lab.test.ts`),
        exclude: [],
        maxWorkers: 2,
        groupOrder: 0,
        env: { CASTNET_LAB_ENCRYPTED: '1' },
      }),
      lab('lab-alone', { include: ALONE, exclude: [], maxWorkers: 1, groupOrder: 1 }),
      recipes('recipes', ['recipes/**/*.recipe.test.ts'], FROM_MAVEN),
      // Of their own, since Maven Central is one more place that must be reached.
      recipes('recipes-maven', FROM_MAVEN, []),
    ],
  },
});
