import type { Target } from '../fuzz.ts';
import { dockerTargets } from './docker.ts';
import { kernelTargets } from './kernel.ts';
import { peerTargets } from './peers.ts';
import { peopleTargets } from './people.ts';

/** Everything of castnet that reads what others wrote. */
export const TARGETS: readonly Target[] = [
  ...kernelTargets,
  ...peerTargets,
  ...dockerTargets,
  ...peopleTargets,
];
