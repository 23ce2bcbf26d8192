/** The bench's own programs in C. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../lab/run.ts';
import { UserError } from '../src/cli/output.ts';

/**
 * Compiles NAME.c into `directory`.
 * @returns the program's path
 * @throws UserError that names the missing package, or says what the compiler said
 */
export async function compileProgram(name: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const program = join(directory, name);
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const built = await run(['gcc', '-O2', '-o', program, source]).catch(() => undefined);
  if (built === undefined) {
    throw new UserError('the bench compiles its programs with gcc, which is missing.', {
      hint: 'Install it, on Debian with: apt-get install gcc libc6-dev',
    });
  }
  if (built.status !== 0) {
    throw new UserError(`gcc could not compile ${name}.c:\n${built.stderr.trim()}`, {
      hint: 'If a header of libc is missing, on Debian: apt-get install libc6-dev',
    });
  }
  return program;
}
