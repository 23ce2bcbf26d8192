import { hkdfSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Credentials, CredentialsError } from './credentials.ts';
import { GROUPS } from './session-secret.ts';
import { readNode } from './tls.ts';

/** Fewer characters could be guessed from one recorded handshake. */
const MIN_SECRET = 32;
// The hash of a TLS 1.3 pre-shared key must be that of the suite; Node's are of SHA-256.
const SUITE = 'TLS_AES_128_GCM_SHA256';
const IDENTITY = 'castnet-1';

/**
 * Credentials from one secret that every host was given, for Swarms whose keys are encrypted
 * (autolock). TLS 1.3 with a Diffie-Hellman exchange, so recorded traffic stays closed when the
 * secret leaks later. Whoever has the secret may call itself any node: it proves the Swarm, not
 * the node.
 *
 * @param secret at least 32 characters, as `openssl rand -hex 32` prints
 * @param node this host's own node id
 * @throws CredentialsError 'unusable' when it is shorter
 */
export function presharedCredentials(secret: string, node?: string): Credentials {
  const text = secret.trim();
  if (text.length < MIN_SECRET) {
    throw new CredentialsError(
      'unusable',
      `the pre-shared key has ${text.length} characters, it needs at least ${MIN_SECRET}: make one with "openssl rand -hex 32"`,
    );
  }
  const psk = Buffer.from(hkdfSync('sha256', text, 'castnet', 'agent sessions', 32));
  const common = {
    ciphers: SUITE,
    minVersion: 'TLSv1.3' as const,
    maxVersion: 'TLSv1.3' as const,
    ecdhCurve: GROUPS,
  };
  return {
    kind: 'psk',
    node,
    certificate: undefined,
    serverOptions: () => ({
      ...common,
      pskCallback: (_socket, identity) => (identity === IDENTITY ? psk : null),
    }),
    clientOptions: () => ({
      ...common,
      pskCallback: () => ({ identity: IDENTITY, psk }),
      // There is no certificate to check: a handshake that ends has proved the secret.
      checkServerIdentity: () => undefined,
    }),
    identify(socket) {
      // With a certificate the handshake proves nothing about the secret.
      const certificate = socket.getPeerCertificate();
      const bare = !certificate || Object.keys(certificate).length === 0;
      return bare
        ? { ok: true, node: undefined, manager: true }
        : { ok: false, reason: 'the handshake did not use the pre-shared key' };
    },
    refresh: async () => false,
    onChange: () => () => {},
    close() {},
  };
}

/**
 * Credentials from the secret in `file`; undefined when there is none, which is so when it is no
 * regular file: the plugin has /dev/null there until it is given another. A mount of a single file
 * stays with that file, so another secret takes a start of the plugin.
 *
 * @param directory the Swarm's certificates, of which one names this node, encrypted or not
 * @throws CredentialsError in words for a person
 */
export async function loadPreshared(options: {
  file: string;
  directory: string;
}): Promise<Credentials | undefined> {
  const { file, directory } = options;
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  if ((found.mode & 0o077) !== 0) {
    throw new CredentialsError(
      'unusable',
      'others than root may read the pre-shared key: run "chmod 600" on the file that psk.source names, then disable and enable the plugin',
    );
  }
  const secret = await readFile(file, 'utf8');
  return presharedCredentials(secret, await readNode(directory));
}
