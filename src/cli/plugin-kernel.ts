import { spawn } from 'node:child_process';
import type { Feature } from '../core/features.ts';

/** yes, no with the kernel's words, or unknown with the reason it could not be tried. */
export type Verdict =
  | { readonly has: 'yes' }
  | { readonly has: 'no' | 'unknown'; readonly detail: string };

const TIMEOUT_MS = 10_000;

/**
 * Tries a feature for real, in a network namespace that goes with the trial. The kernel loads
 * the module for it where it can, as it would for castnet.
 */
export async function tryFeature({ tool, script }: Feature): Promise<Verdict> {
  const root = process.getuid?.() === 0;
  const unshare = ['unshare', ...(root ? ['--net'] : ['--net', '--map-root-user']), '--'];
  const argv = tool === 'nft' ? [tool, '-f', '-'] : [tool, '-batch', '-'];
  const words = await complaint([...unshare, ...argv], script);
  if (words === undefined) return { has: 'yes' };
  // Without the tool, or without the right to a namespace, the kernel has not been asked.
  const asked = root && (await complaint([...unshare, tool, '-V'])) === undefined;
  return { has: asked ? 'no' : 'unknown', detail: words };
}

/** What a program says when it fails; undefined when it does not. */
function complaint(argv: readonly string[], input = ''): Promise<string | undefined> {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      timeout: TIMEOUT_MS,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) =>
      resolve(status === 0 ? undefined : words.trim() || `it ended with status ${status}`),
    );
    // It may end before it has read anything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
