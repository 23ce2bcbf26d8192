import { defineConfig } from 'vitest/config';
import { LongestFirst } from './lab/tests/support/longest-first.ts';

/** Recipes whose software comes from Maven Central. */
const FROM_MAVEN = ['hazelcast', 'vertx'].map((it) => `recipes/${it}/*.recipe.test.ts`);

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
      {
        // Two at a time are a third quicker, but Docker itself is late then: a container that it gives up.
        test: {
          name: 'lab',
          include: ['lab/tests/**/*.lab.test.ts'],
          maxWorkers: 1,
          globalSetup: 'lab/tests/support/run.ts',
          testTimeout: 90_000,
          // A busy machine may need that long to bring three Engines up.
          hookTimeout: 240_000,
        },
      },
      recipes('recipes', ['recipes/**/*.recipe.test.ts'], FROM_MAVEN),
      // Of their own, since Maven Central is one more place that must be reached.
      recipes('recipes-maven', FROM_MAVEN, []),
    ],
  },
});
