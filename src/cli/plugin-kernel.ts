import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A kernel feature, the command that proves it in a throwaway namespace, and its module. */
export interface Feature {
  readonly name: string;
  readonly module: string;
  readonly why: string;
  readonly trial: readonly string[];
}

export const FEATURES: readonly Feature[] = [
  {
    name: 'vxlan',
    module: 'vxlan',
    why: 'carries the networks between hosts',
    trial: ['ip', 'link', 'add', 'castnet0', 'type', 'vxlan', 'id', '1', 'dstport', '4789'],
  },
  {
    name: 'bridge',
    module: 'bridge',
    why: 'joins the containers of a host',
    trial: ['ip', 'link', 'add', 'castnet0', 'type', 'bridge', 'mcast_snooping', '1'],
  },
  {
    name: 'veth',
    module: 'veth',
    why: 'connects a container',
    trial: ['ip', 'link', 'add', 'castnet0', 'type', 'veth', 'peer', 'name', 'castnet1'],
  },
  {
    name: 'nf_tables',
    module: 'nf_tables',
    why: 'balances services',
    trial: ['nft', 'add', 'table', 'inet', 'castnet'],
  },
];

/** yes, no with the kernel's words, or unknown with the reason it could not be tried. */
export type Verdict =
  | { readonly has: 'yes' }
  | { readonly has: 'no' | 'unknown'; readonly detail: string };

/**
 * Tries a feature for real, in a network namespace that goes with the trial. The kernel loads
 * the module for it where it can, as it would for castnet.
 */
export async function tryFeature({ trial }: Feature): Promise<Verdict> {
  const root = process.getuid?.() === 0;
  const unshare = root ? ['--net'] : ['--net', '--map-root-user'];
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  const inNamespace = async (argv: readonly string[]) => {
    await execFileAsync('unshare', [...unshare, '--', ...argv], { env, timeout: 10_000 });
  };
  try {
    await inNamespace(trial);
    return { has: 'yes' };
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    // Without the tool, or without the right to a namespace, the kernel has not been asked.
    const asked = await inNamespace([trial[0] ?? '', '-V']).then(
      () => root,
      () => false,
    );
    return asked ? { has: 'no', detail: words } : { has: 'unknown', detail: words };
  }
}
