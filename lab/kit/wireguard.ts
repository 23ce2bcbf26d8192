/** A host's WireGuard interface, read without the agent. */
import type { LabHost } from '../lab.ts';
import { mustRun } from '../run.ts';

/** Runs a command in a host's namespace of encrypted networks. */
export const inWireguard = (host: LabHost, argv: readonly string[]): Promise<string> =>
  mustRun(host.enter(['nsenter', '--net=/run/netns/castnet-wg', ...argv]));

/** What `wg show` says of each peer, by its public key. @param what a word of wg(8), as "preshared-keys" */
export async function wireguard(host: LabHost, what: string): Promise<Map<string, string>> {
  const said = await inWireguard(host, ['wg', 'show', 'castnet-wg', what]);
  const lines = said.split('\n').filter((it) => it !== '');
  return new Map(lines.map((it) => it.split('\t') as [string, string]));
}
