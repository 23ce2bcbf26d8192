/** Who a Swarm certificate says that a node is, and whether it is one of ours. Pure. */
export interface Identity {
  /** CN: the node id. */
  readonly node: string;
  /** O: the cluster id. */
  readonly cluster: string;
  /** OU, without its prefix. */
  readonly role: 'manager' | 'worker';
}

export type Judged = { ok: true; identity: Identity } | { ok: false; reason: string };

const ROLES = ['swarm-manager', 'swarm-worker'];

function no(reason: string): Judged {
  return { ok: false, reason };
}

function one(value: unknown): string | undefined {
  // Several values of one attribute come as an array: ambiguous, so as bad as none.
  return typeof value === 'string' && value !== '' && value.length <= 128 ? value : undefined;
}

/** Reads the subject of a certificate whose chain has been verified. */
export function identityOf(subject: object | undefined): Judged {
  const field = (name: string) => one((subject as Record<string, unknown> | undefined)?.[name]);
  const node = field('CN');
  const cluster = field('O');
  const role = field('OU');
  if (!node) return no('the certificate names no node (its CN must be one node id)');
  if (!cluster) return no('the certificate names no Swarm (its O must be one cluster id)');
  if (!role || !ROLES.includes(role)) {
    return no(
      `the certificate's OU is ${role ? `"${role}"` : 'missing'}, it must be ${ROLES.join(' or ')}`,
    );
  }
  return {
    ok: true,
    identity: { node, cluster, role: role === 'swarm-manager' ? 'manager' : 'worker' },
  };
}

/** As identityOf, and of the Swarm `cluster`. */
export function peerIdentity(subject: object | undefined, cluster: string): Judged {
  const judged = identityOf(subject);
  if (!judged.ok || judged.identity.cluster === cluster) return judged;
  return no(`the certificate is of another Swarm (${judged.identity.cluster}, ours is ${cluster})`);
}
