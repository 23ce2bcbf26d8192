import { CommandError } from '../system/run.ts';
import { Batch } from './batch.ts';

/** With these a tool of iproute2 answers what it is asked on its standard input, an answer a line. */
const ANSWERING = ['-json', '-details', '-force', '-batch', '-'];

/** A tool of iproute2 that stays, to be asked. @param tool its argv */
export const kept = (tool: readonly string[]): Batch => new Batch([...tool, ...ANSWERING]);

/** One that stays and is told what to change. @param tool its argv */
export const keptWriter = (tool: readonly string[]): Batch =>
  new Batch([...tool, '-force', '-batch', '-']);

/**
 * Asks a tool of iproute2 several things at once: starting it costs more than its answer. A question that
 * fails, as a route that there is not, has no answer; those after it have.
 * @param tool one that stays, or the argv of one that is started for this
 * @param must questions that cannot fail for any other reason than that nothing can be read
 * @param may the others
 * @returns JSON, one text for each answer, those of `must` first
 * @throws CommandError in the tool's words when one of `must` has none
 */
export async function show(
  tool: Batch | readonly string[],
  must: readonly string[],
  may: readonly string[] = [],
): Promise<readonly string[]> {
  if (!(tool instanceof Batch)) {
    const once = kept(tool);
    return show(once, must, may).finally(() => once.retire());
  }
  const { answers, failures } = await tool.ask([...must, ...may]);
  const failed = failures.find(({ line }) => line <= must.length);
  if (failed !== undefined) throw new CommandError(tool.argv, 1, failed.message);
  if (answers.length < must.length) throw new CommandError(tool.argv, null, 'it did not answer');
  return answers;
}
