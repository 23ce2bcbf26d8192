import { CommandError, run } from '../../system/run.ts';

/**
 * Has bpftool take these lines, in one child.
 * @param outputMost characters that it may print, where not as many as others
 * @returns what it printed
 * @throws CommandError in its words, which with `--json` are on its standard output
 */
export async function bpftoolBatch(
  lines: readonly string[],
  options: readonly string[] = [],
  outputMost?: number,
): Promise<string> {
  const argv = ['bpftool', ...options, 'batch', 'file', '-'];
  const { status, stdout, stderr } = await run(argv, `${lines.join('\n')}\n`, {
    ...(outputMost === undefined ? {} : { outputMost }),
  });
  if (status !== 0) throw new CommandError(argv, status, stderr || stdout);
  return stdout;
}
