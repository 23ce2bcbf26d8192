import type { Check } from '../../contract/commands.ts';
import type { HostReport } from '../../contract/report.ts';

const SLOW =
  'whose kernel has no WireGuard: it is slower, and encrypted networks rest while the agent does';

/**
 * Which networks are encrypted, and by whom on which hosts; nothing where none is. What one lacks its agent
 * tells.
 * @param addressOf names a host
 */
export function encryptionChecks(
  reports: readonly HostReport[],
  addressOf: (report: HostReport) => string,
): Check[] {
  const able = reports.filter((it) => it.wireguard !== undefined);
  if (able.length === 0) return [];
  const networks = able
    .flatMap((it) => it.networks)
    .flatMap(({ name, id, options }) => (options.encrypted === true ? [name ?? id] : []));
  const on = (carrier: string): string =>
    able
      .filter((it) => it.wireguard?.by === carrier)
      .map(addressOf)
      .join(', ');
  const [kernel, program] = [on('kernel'), on('wireguard-go')];
  const ways = [
    ...(kernel === '' ? [] : [`by the kernel’s WireGuard on ${kernel}`]),
    ...(program === '' ? [] : [`by wireguard-go on ${program}, ${SLOW}`]),
  ];
  const names = [...new Set(networks)].sort().join(', ');
  return [{ name: 'Encryption', detail: `${names}, ${ways.join('; ')}`, findings: [] }];
}
