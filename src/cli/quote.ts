/** One word for a shell, whatever is in it. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A command line of these words. */
export const commandLine = (argv: readonly string[]): string => argv.map(quote).join(' ');
