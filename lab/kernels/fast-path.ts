/** The fast path's programs on a kernel: taken by its verifier, and tried as the agent does. */
import { join } from 'node:path';
import { FAST_PATH_TARGET } from '../../plugin/fast-path.ts';
import { tryFastPath } from '../../src/kernel/fastpath/trial.ts';
import { ROOT } from '../kit/containers.ts';
import type { Figures } from './steps.ts';

/** What of IPv6 must go is a matter of the kernel (6.3), and told. */
export async function fastPath(): Promise<Figures> {
  const object = join(ROOT, 'dist/plugin/rootfs', FAST_PATH_TARGET);
  const { problem, groups, ipv6 } = await tryFastPath(object);
  if (problem !== '') throw new Error(problem);
  if (groups !== '') throw new Error(`groups: ${groups}`);
  return { unicast: 'yes', groups: 'yes', ipv6: ipv6 === '' ? 'yes' : 'no' };
}
