import { filter } from '../../lab/kit/filter.ts';
import type { LabHost } from '../../lab/lab.ts';

/** castnet's packets: VXLAN, and what agents say to each other. */
const CASTNET = ['udp dport 4789 drop', 'tcp dport 4790 drop', 'tcp sport 4790 drop'];

/**
 * Cuts a host off castnet's networks, but not off its Swarm: that would put new tasks in the place of
 * the host's after some 15 s, and end these when the host is back, merged or not.
 * @returns what ends it
 */
export function cutOff(host: LabHost): Promise<() => Promise<void>> {
  return filter(host, { input: CASTNET, output: CASTNET });
}
