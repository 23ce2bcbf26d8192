/** What the agent tries on its host's kernel before it relies on it. */
import { FEATURES } from '../../src/core/diagnosis/features.ts';
import { canLockPorts, missingFeatures, tryFeatures } from '../../src/kernel/features.ts';
import type { Figures } from './steps.ts';

export async function features(): Promise<Figures> {
  await tryFeatures();
  const missing = missingFeatures().map(({ name, detail }) => `${name} (${detail})`);
  if (!(await canLockPorts())) missing.push('locked bridge ports');
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(', ')}`);
  return { tried: FEATURES.length + 1 };
}
