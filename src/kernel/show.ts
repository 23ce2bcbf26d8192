import { CommandError, run } from '../system/run.ts';

/**
 * Asks a tool of iproute2 several things at once, in one child: starting it costs more than its answer. A
 * question that fails, as a route that there is not, has no answer; those after it have.
 * @param tool its argv
 * @param must questions that cannot fail for any other reason than that nothing can be read
 * @param may the others
 * @returns JSON, one text for each answer, those of `must` first
 * @throws CommandError in the tool's words when one of `must` has none
 */
export async function show(
  tool: readonly string[],
  must: readonly string[],
  may: readonly string[] = [],
): Promise<string[]> {
  const argv = [...tool, '-json', '-details', '-force', '-batch', '-'];
  const lines = [...must, ...may].join('\n');
  const { status, stdout, stderr } = await run(argv, `${lines}\n`);
  // One line for each answer.
  const answers = stdout.split('\n').filter((it) => it !== '');
  const failed = [...stderr.matchAll(/^Command failed \S*:(\d+)$/gm)].map(([, line]) =>
    Number(line),
  );
  if (status === null || failed.some((it) => it <= must.length) || answers.length < must.length) {
    throw new CommandError(argv, status, stderr);
  }
  return answers;
}
