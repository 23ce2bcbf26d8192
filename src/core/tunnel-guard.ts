import { VNI_MIN } from '../net/vni.ts';

/** nft's name of the table in the host's own namespace. */
export const TUNNEL_TABLE = 'castnet';

/**
 * The host's kernel takes a VXLAN packet from whoever sends it. A container has a way to the host's
 * own network (docker_gwbridge), so without these rules it could put frames into any castnet network
 * of any host, by its VXLAN id. What comes from a bridge of Docker's with an id of castnet's is never
 * a host's: it is dropped, whether meant for this host or for another. Docker's own overlay has other
 * ids. A packet between hosts passes the rules of `input` only, by the name of its interface.
 *
 * @param port UDP port of VXLAN
 */
export function tunnelTable(port: number): string {
  // The 24 bits of the id lie 12 bytes into UDP (RFC 7348 section 5).
  const drop = `udp dport ${port} @th,96,24 >= ${VNI_MIN} counter drop`;
  const chain = (hook: string) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority -300; policy accept;`,
    `    iifname "docker*" ${drop}`,
    `    iifname "br-*" ${drop}`,
    '  }',
  ];
  return [
    `table inet ${TUNNEL_TABLE}`,
    `delete table inet ${TUNNEL_TABLE}`,
    `table inet ${TUNNEL_TABLE} {`,
    ...chain('input'),
    ...chain('forward'),
    '}',
    '',
  ].join('\n');
}
