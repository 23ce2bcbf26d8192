import type { Check, ProbeReport } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';
import { UserError } from '../output.ts';

/** @param network its id; undefined: one that is made for the purpose. @throws UserError when it cannot be */
export type Probe = (network: string | undefined) => Promise<ProbeReport>;

/**
 * Real packets: on each network of this host that others have too, and on one made for the purpose
 * between all hosts, whatever networks there are. A probe that cannot be made is told of beside the others.
 */
export async function packetsChecks(own: HostReport | undefined, probe: Probe): Promise<Check[]> {
  if (own === undefined || own.peers.length === 0) {
    return [{ name: 'Packets', detail: 'no other host is known here', findings: [] }];
  }
  const shared = own.networks.filter(
    ({ id, hosts: listed }) =>
      listed.length > 1 || own.peers.some((it) => it.networks.includes(id)),
  );
  const checks: Check[] = [];
  for (const network of [undefined, ...shared]) {
    const where = network === undefined ? '' : ` on ${network.name ?? network.id.slice(0, 12)}`;
    const name = `Packets${where}`;
    try {
      const { hosts, encrypted, findings } = await probe(network?.id);
      const port = (encrypted ? own.wireguard : own.tunnel)?.port ?? 4789;
      const by = encrypted ? ' in WireGuard' : '';
      const detail = `unicast, multicast, broadcast and fragments pass between ${hosts.length} hosts${by} at UDP port ${port}`;
      checks.push({ name, detail, findings });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      checks.push({ name, ...notProbed(where, error) });
    }
  }
  return checks;
}

function notProbed(where: string, { message, hint }: UserError): Omit<Check, 'name'> {
  const finding = {
    code: 'not-probed',
    severity: 'warning',
    what: `whether packets pass${where} was not tried: ${message}`,
    remedy: hint ?? 'docs/troubleshooting.md, “castnet probe”, says what a probe needs',
  } as const;
  return { detail: message, findings: [finding] };
}
