/** What `npm test` runs, and in which order, from the words of its command line. Pure. */

/**
 * The steps in stages. Those of a stage run beside each other; it is not begun when one before it
 * failed: what takes seconds need not wait for the lab to be told.
 */
const STAGES = [['lint', 'types'], ['unit'], ['lab', 'recipes', 'recipes-maven']] as const;

/** `lint` and `types` are npm's scripts `lint` and `typecheck`; the rest are vitest's projects. */
export type Step = (typeof STAGES)[number][number];

const STEPS: readonly Step[] = STAGES.flat();
/** Unless steps are named. Maven Central is one more place that must be reached. */
const DEFAULT = STEPS.filter((step) => step !== 'recipes-maven');

export type Plan = {
  stages: readonly (readonly Step[])[];
  /** For vitest: only files whose path contains one of them. */
  words: readonly string[];
};

/** Steps that are named run alone. Words without a step choose among tests, so nothing else runs. */
export function planOf(args: readonly string[]): Plan {
  const named = STEPS.filter((step) => args.includes(step));
  const words = args.filter((word) => !STEPS.some((step) => step === word));
  const all = words.length > 0 ? DEFAULT.filter(isTests) : DEFAULT;
  const chosen = named.length > 0 ? named : all;
  const stages = STAGES.map((stage) => stage.filter((step) => chosen.includes(step)));
  return { stages: stages.filter((stage) => stage.length > 0), words };
}

/** Whether vitest runs it. */
export const isTests = (step: Step): boolean => step !== 'lint' && step !== 'types';

/**
 * Vitest's projects of a step: some lab tests run on encrypted networks as well, and some come after the others,
 * with the machine to themselves.
 */
export const projectsOf = (step: Step): string[] =>
  step === 'lab' ? ['lab', 'lab-encrypted', 'lab-alone'] : [step];

/** Whether it needs the plugin and the command in dist/. */
export const needsBuild = (step: Step): boolean => isTests(step) && step !== 'unit';

/** What vitest is told of a step beside its project and its reports. */
export function vitestWords(step: Step, words: readonly string[]): string[] {
  // The floor in vitest.config.ts is for all unit tests together.
  if (words.length === 0) return step === 'unit' ? ['--coverage'] : [];
  // They may be meant for another step.
  return ['--passWithNoTests', ...words];
}
