import type { Feature } from '../../core/diagnosis/features.ts';
import { type CommandError, mustRun, withSbin } from '../../system/run.ts';

/** yes, no with the kernel's words, or unknown with the reason it could not be tried. */
export type Verdict =
  | { readonly has: 'yes' }
  | { readonly has: 'no' | 'unknown'; readonly detail: string };

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
async function complaint(argv: readonly string[], input = ''): Promise<string | undefined> {
  return mustRun(argv, input, { env: withSbin() }).then(
    () => undefined,
    (error: CommandError) => error.stderr.trim() || `it ended with status ${error.status}`,
  );
}
