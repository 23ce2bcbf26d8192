/** What a run on a kernel has shown: one JSON line for each boot. */
import * as z from 'zod';

const stepResult = z.object({
  step: z.string(),
  status: z.enum(['passed', 'failed', 'skipped']),
  seconds: z.number(),
  /** Why it failed or was skipped. */
  why: z.string().optional(),
  figures: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

export type StepResult = z.infer<typeof stepResult>;

export const bootResult = z.object({
  kind: z.literal('kernel'),
  /** Debian's suite. */
  suite: z.string(),
  /** As `uname -r` says it; absent when the suite could not be had. */
  release: z.string().optional(),
  /** What was added to the kernel's command line. */
  parameters: z.array(z.string()),
  /** The emulated processor, by qemu's name; absent in results from before it was told. */
  cpu: z.string().optional(),
  /** Version of the Docker Engine. */
  engine: z.string(),
  /** castnet's version and build. */
  castnet: z.string(),
  /** Day, as 2026-11-27. */
  when: z.string(),
  steps: z.array(stepResult),
});

export type BootResult = z.infer<typeof bootResult>;

/** The step that one of the guest's lines tells of; undefined for any other line. */
export function parseStep(line: string): StepResult | undefined {
  try {
    const { data } = stepResult.safeParse(JSON.parse(line));
    return data;
  } catch {
    return undefined;
  }
}
