import { Listr } from 'listr2';

export interface Task {
  readonly title: string;
  /** @param say tells what it is at */
  readonly run: (say: (text: string) => void) => Promise<void>;
}

export interface ProgressOptions {
  /** One after another, none after one that failed; else side by side, all to their end. */
  readonly inTurn?: boolean;
}

/** Marks a task as failed whose failure is told elsewhere, so that it ends nothing. */
export class ToldElsewhere extends Error {}

/** Runs tasks with a line for each, as they go. @throws the first error, when all have ended */
export type Progress = (tasks: readonly Task[], options?: ProgressOptions) => Promise<void>;

/** Lines that change on a terminal, plain ones elsewhere; none at all when a program reads. */
export function progressTo(reader: 'person' | 'program'): Progress {
  return async (tasks, { inTurn = false } = {}) => {
    const failures: unknown[] = [];
    const options = {
      concurrent: !inTurn,
      exitOnError: inTurn,
      fallbackRenderer: 'simple',
      // Its own handler would end the process before what was brought is taken away.
      registerSignalListeners: false,
    } as const;
    const items = tasks.map(({ title, run }) => ({
      title,
      task: async (_: unknown, task: { output: string }) => {
        try {
          await run((text) => {
            task.output = text;
          });
        } catch (error) {
          if (!(error instanceof ToldElsewhere)) failures.push(error);
          throw error;
        }
      },
    }));
    const list =
      reader === 'program'
        ? new Listr(items, { ...options, renderer: 'silent' })
        : new Listr(items, {
            ...options,
            rendererOptions: { showErrorMessage: false, collapseErrors: false },
          });
    await list.run().catch(() => {});
    if (failures.length > 0) throw failures[0];
  };
}
