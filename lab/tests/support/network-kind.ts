/**
 * Of which kind the networks of some test files are: with CASTNET_LAB_ENCRYPTED=1, as the project `lab-encrypted`
 * of vitest.config.ts has it, encrypted ones.
 */
import { vxlanName } from '../../../src/core/names.ts';
import { linkOf, type Place } from '../../kit/tcpdump.ts';
import type { LabHost } from '../../lab.ts';

const isEncrypted = process.env.CASTNET_LAB_ENCRYPTED === '1';

/** Options of `docker network create`. */
export const kindArgs: readonly string[] = isEncrypted ? ['--opt', 'encrypted'] : [];

export const tunnelOf = (vni: number): string => vxlanName(vni, isEncrypted);

/** Where a host's tunnel packets are seen in clear, and how many bytes of the link come before the IP packet. */
export const tunnelsSeen = (host: LabHost): { place: Place; before: number } =>
  isEncrypted ? { place: behindWireguard(host), before: 0 } : { place: linkOf(host), before: 14 };

const behindWireguard = (host: LabHost): Place => ({
  name: `${host.name}, castnet-wg`,
  interface: 'castnet-wg',
  spawn: (argv) => host.spawn(['nsenter', '--net=/run/netns/castnet-wg', ...argv]),
});
