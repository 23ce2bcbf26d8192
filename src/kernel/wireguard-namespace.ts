import { mustRun } from '../system/run.ts';
import { KeptNamespace } from './kept-namespace.ts';

/**
 * The network namespace of the encrypted networks' tunnels: their VXLAN sockets, and the one WireGuard
 * interface that is all they have to send by and to be reached by. WireGuard's own socket stays where the
 * interface is made, in the host's namespace. No container is linked to anything in here, so none
 * can send to those sockets; and as it has no other interface, nothing in it can leave in clear.
 */
export const WIREGUARD = 'castnet-wg';

const namespace = new KeptNamespace(WIREGUARD);

export const WIREGUARD_PATH = namespace.path;

/** The argv prefix that runs a program inside the namespace. */
export const inWireguard = namespace.inside;

let held = false;

/** Puts the namespace back if it is held and was taken from its path. */
export const lookAtWireguardNamespace = (): Promise<void> => namespace.look();

/** Makes the namespace where it is not; after the first time it costs one system call. */
export async function ensureWireguardNamespace(
  sharedRun: string,
  log: { warn(fields: object, message: string): void },
): Promise<void> {
  if (held) return namespace.look();
  if (!(await namespace.works())) await namespace.make(sharedRun);
  await mustRun(inWireguard('ip', 'link', 'set', 'dev', 'lo', 'up'));
  namespace.hold(sharedRun, () =>
    log.warn({}, 'the namespace castnet-wg was taken from its path, and put back'),
  );
  held = true;
}
