import { mustRun } from '../run.ts';

/** Open files that the process may have: some more than Node itself needs. */
const FILES = 64;

/** What the program finds: it has no file left to open until it calls `release`. */
const SCARCE = `
  import { closeSync, openSync } from 'node:fs';
  const held = [];
  try { for (;;) held.push(openSync('/dev/null')); } catch {}
  const release = () => { for (const it of held.splice(0)) closeSync(it); };
`;

/**
 * Runs a program of Node that can open no file, nor start a child (EMFILE).
 * @param program text of a module; imports are made before the files run out
 * @returns what it printed
 * @throws CommandError when it did not end well, as of an error that nobody caught
 */
export function withoutFiles(program: string): Promise<string> {
  const node = [process.execPath, '--input-type=module', '--eval', `${SCARCE}${program}`];
  return mustRun(['sh', '-c', `ulimit -n ${FILES}; exec "$@"`, 'sh', ...node]);
}
