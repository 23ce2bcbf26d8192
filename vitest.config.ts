import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // They take milliseconds; a busy machine may stop one for seconds.
          testTimeout: 60_000,
          include: ['{src,lab,plugin,demo,bench,fuzz,scripts,web}/**/*.test.ts'],
          exclude: ['**/*.lab.test.ts', '**/node_modules/**', 'dist/**'],
        },
      },
      {
        // Lab tests share one machine's kernel and two cores: one file at a time.
        test: {
          name: 'lab',
          include: ['lab/tests/**/*.lab.test.ts'],
          fileParallelism: false,
          testTimeout: 90_000,
          // A busy machine may need that long to bring three Engines up.
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
