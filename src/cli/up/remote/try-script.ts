import { run } from '../../../system/run.ts';

/** Milliseconds; the kernel may have to load modules. */
const TRY_MS = 20_000;

/**
 * Runs a tool of the plugin in a network namespace that is gone afterwards.
 * @returns what it complained about; undefined when it did not
 */
export async function tryScript(it: {
  rootfs: string;
  tool: string;
  script: string;
}): Promise<string | undefined> {
  const { rootfs, tool, script } = it;
  // As this very process was started: by the loader of the plugin, with the plugin's libraries.
  const by = [process.execPath, '--library-path', process.env.CASTNET_LIBRARIES ?? ''];
  const argv = tool === 'nft' ? ['-f', '-'] : ['-batch', '-'];
  const { status, stderr } = await run(
    [
      ...by,
      `${rootfs}/usr/bin/unshare`,
      '--net',
      '--',
      ...by,
      `${rootfs}/usr/sbin/${tool}`,
      ...argv,
    ],
    script,
    { timeoutMs: TRY_MS },
  );
  return status === 0 ? undefined : stderr.trim() || `it ended with status ${status}`;
}
