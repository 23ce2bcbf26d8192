import type { Finding } from '../../contract/finding.ts';
import type { PeerReport } from '../../contract/report.ts';

export interface SessionContext {
  /** The host that reports. */
  readonly from: string;
  /** TCP port of the agents. */
  readonly port: number;
}

/** What gives a host another certificate. */
export const renewal = (host: string): string =>
  `on a manager: docker swarm ca --rotate; if ${host} does not follow, there: docker swarm leave, then docker swarm join`;

/** What is wrong with the session to a peer, if anything is. */
export function sessionFinding(
  peer: Pick<PeerReport, 'address' | 'state' | 'fault' | 'lastError' | 'listed'>,
  { from, port }: SessionContext,
): Finding | undefined {
  const { address, state, fault, lastError, listed } = peer;
  if (state === 'up') return undefined;
  const error = (code: Finding['code'], what: string, remedy: string): Finding => ({
    code,
    severity: 'error',
    host: address,
    what,
    remedy,
  });
  switch (fault) {
    case 'refused':
      return error(
        'agent-down',
        `no agent runs on host ${address}: it refuses TCP port ${port}`,
        `on ${address}: docker plugin enable castnet:latest (castnet plugin install if it is not there)`,
      );
    case 'mute':
      return error(
        'agent-mute',
        `the agent of host ${address} takes connections but says nothing: it is stopped or far too busy`,
        `on ${address}: docker plugin disable -f castnet:latest; docker plugin enable castnet:latest`,
      );
    case 'unreachable':
      return listed
        ? error(
            'tcp-blocked',
            `TCP port ${port} is blocked from ${from} to ${address}: Docker’s own gossip reaches that host, no connection does`,
            `on ${address}: iptables -I INPUT -p tcp --dport ${port} -s ${from} -j ACCEPT`,
          )
        : error(
            'host-down',
            `host ${address} does not answer, and Docker does not list it any more`,
            `ping ${address}; on a manager: docker node ls`,
          );
    case 'certificate':
      // In the words of OpenSSL, of the other side's certificate alone, and of a session that ended by it.
      if (lastError?.includes('certificate has expired'))
        return error(
          'certificate-expired',
          `the Swarm certificate of host ${address} has expired: ${from} refuses its sessions`,
          renewal(address),
        );
      return error(
        'certificate',
        `the certificates of ${from} and ${address} do not fit together: ${lastError ?? 'refused'}`,
        `on both: castnet doctor; a certificate that expired: docker swarm ca --rotate, on a manager`,
      );
    default:
      return error(
        'session',
        `no session from ${from} to ${address}: ${lastError ?? `it is ${state}`}`,
        `on both: castnet status`,
      );
  }
}
