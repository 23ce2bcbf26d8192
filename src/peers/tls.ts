import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';
import { type Credentials, CredentialsError } from './credentials.ts';
import { type Identity, identityOf, peerIdentity } from './identity.ts';
import type { Log } from './log.ts';
import { plainKey } from './pem.ts';
import { GROUPS } from './session-secret.ts';

/**
 * Mutual TLS 1.3 with the certificates that every node of a Swarm has already. Both sides verify
 * the chain against the Swarm's root, that the certificate is of this Swarm, and its role. Host
 * names mean nothing here: Swarm's certificates carry role names only, so our own rule takes the
 * place of Node's hostname check.
 */

/** Where Docker keeps them. */
export const SWARM_CERTIFICATES = '/var/lib/docker/swarm/certificates';

const FILES = ['swarm-node.crt', 'swarm-node.key', 'swarm-root-ca.crt'] as const;

interface Material {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** For all connections that are opened: one of its own would cost each some 50 KB. */
  readonly context: SecureContext;
  readonly identity: Identity;
  /** Since when and until when the certificate holds, in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

async function read(directory: string, name: string): Promise<string> {
  const file = join(directory, name);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CredentialsError(
      'missing',
      `cannot read ${file} (${code}): this host must be a node of a Swarm (docker swarm init or docker swarm join)`,
    );
  }
}

/** @throws Error that says what the certificate lacks */
function identityIn(certificate: string): Identity {
  const judged = identityOf(new X509Certificate(certificate).toLegacyObject().subject);
  if (judged.ok) return judged.identity;
  throw new Error(judged.reason);
}

/** Whether a node's certificate is there, whatever it is worth. Only that it is missing is a no. */
export async function hasCertificate(directory: string): Promise<boolean> {
  try {
    await stat(join(directory, FILES[0]));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/**
 * This host's node id, by its certificate.
 * @throws CredentialsError 'missing' outside a Swarm, 'unusable' when it names no node
 */
export async function readNode(directory: string): Promise<string> {
  const certificate = await read(directory, FILES[0]);
  try {
    return identityIn(certificate).node;
  } catch (error) {
    const { message } = error as Error;
    throw new CredentialsError(
      'unusable',
      `the certificate in ${directory} is no node's: ${message}`,
    );
  }
}

async function load(directory: string): Promise<Material> {
  const [cert, lockedKey, ca] = await Promise.all(FILES.map((name) => read(directory, name)));
  const key = plainKey(lockedKey as string, join(directory, FILES[1]));
  try {
    const context = createSecureContext({
      cert,
      key,
      ca,
      minVersion: 'TLSv1.3',
      ecdhCurve: GROUPS,
    });
    const identity = identityIn(cert as string);
    const certificate = new X509Certificate(cert as string);
    const from = certificate.validFromDate.getTime();
    const until = certificate.validToDate.getTime();
    return { cert: cert as string, key, ca: ca as string, context, identity, from, until };
  } catch (error) {
    throw new CredentialsError(
      'unusable',
      `the certificates in ${directory} cannot be used: ${(error as Error).message}`,
    );
  }
}

/** Changes with every rewrite, by rename too. */
async function fingerprint(directory: string): Promise<string> {
  const marks = FILES.map(async (name) => {
    const file = await stat(join(directory, name)).catch(() => undefined);
    return file ? `${file.ino}:${file.mtimeMs}:${file.size}` : 'missing';
  });
  return (await Promise.all(marks)).join(' ');
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Issuers that a certificate may have one above the other; Swarm's have one or two. */
const CHAIN_MOST = 4;

/** Whether a certificate, or one of those that it came with, was issued by one of some roots. */
function isOfRoot(certificate: X509Certificate | undefined, ca: string): boolean {
  const roots = [...ca.matchAll(CERTIFICATES)].map(([pem]) => new X509Certificate(pem));
  let at = certificate;
  for (let depth = 0; at !== undefined && depth < CHAIN_MOST; depth++) {
    const it = at;
    if (roots.some((root) => it.checkIssued(root) && it.verify(root.publicKey))) return true;
    at = it.issuerCertificate;
  }
  return false;
}

/**
 * Sessions outlive the certificates with which they were opened. While the root is rotated those of both
 * roots are trusted (swarmkit, ca/reconciler.go); whoever has only one of the old root by its end proves
 * nothing any more.
 */
function lapseOf(
  certificate: X509Certificate | undefined,
  { ca, timeOfDay }: { ca: () => string; timeOfDay: () => number },
): () => string | undefined {
  let root = ca();
  const until = certificate?.validToDate.getTime() ?? Number.NaN;
  return () => {
    if (timeOfDay() >= until) return 'its certificate has expired';
    const now = ca();
    if (now === root) return undefined;
    if (!isOfRoot(certificate, now)) return 'its certificate is not of the Swarm’s new root';
    root = now;
    return undefined;
  };
}

/**
 * Loads the certificates in `directory` and reads them again when they change, for connections made
 * from then on. The files are looked at every `pollMs` milliseconds (default 10 000) and not
 * watched: Swarm replaces them by rename days before they expire, which fs.watch may miss.
 *
 * @throws CredentialsError with code 'missing', 'encrypted-key' or 'unusable'
 */
export async function loadSwarmCredentials(options: {
  directory?: string;
  pollMs?: number;
  log: Log;
  /** Why changed certificates cannot be used yet; undefined: they are, or none changed. */
  onStale?: (reason: string | undefined) => void;
  /** Milliseconds since 1970. */
  timeOfDay?: () => number;
}): Promise<Credentials> {
  const { directory = SWARM_CERTIFICATES, pollMs = 10_000, log, onStale } = options;
  const timeOfDay = options.timeOfDay ?? Date.now;
  let seen = await fingerprint(directory);
  let material = await load(directory);
  const listeners = new Set<() => void>();

  const common = () => ({
    cert: material.cert,
    key: material.key,
    ca: material.ca,
    minVersion: 'TLSv1.3' as const,
    ecdhCurve: GROUPS,
  });
  const judge = (certificate: PeerCertificate | undefined) =>
    peerIdentity(certificate?.subject, material.identity.cluster);

  async function refresh(): Promise<boolean> {
    const mark = await fingerprint(directory);
    if (mark === seen) {
      onStale?.(undefined);
      return false;
    }
    try {
      const fresh = await load(directory);
      // Marked only now: a key whose certificate is still to be renamed is read again next time.
      seen = mark;
      material = fresh;
      onStale?.(undefined);
    } catch (error) {
      const reason = (error as Error).message;
      log.warn({ directory, reason }, 'cannot use the changed certificates yet, keeping the old');
      onStale?.(reason);
      return false;
    }
    log.info({ directory }, 'read the changed certificates of the Swarm');
    for (const listener of listeners) listener();
    return true;
  }

  const timer = setInterval(refresh, pollMs).unref();
  return {
    kind: 'swarm',
    get node() {
      return material.identity.node;
    },
    get certificate() {
      const { cluster, role } = material.identity;
      return { cluster, role, from: material.from, until: material.until };
    },
    serverOptions: () => ({ ...common(), requestCert: true, rejectUnauthorized: true }),
    clientOptions: () => ({
      secureContext: material.context,
      rejectUnauthorized: true,
      checkServerIdentity: (_host, certificate) => {
        const judged = judge(certificate);
        return judged.ok ? undefined : new Error(judged.reason);
      },
    }),
    identify(socket) {
      if (!socket.authorized) return { ok: false, reason: 'the certificate was not verified' };
      // Our agents never resume: a resumed session would be spared the check of its certificate.
      if (socket.isSessionReused()) return { ok: false, reason: 'the session was resumed' };
      const judged = judge(socket.getPeerCertificate());
      if (!judged.ok) return judged;
      const { node, role } = judged.identity;
      const certificate = socket.getPeerX509Certificate();
      const lapsed = lapseOf(certificate, { ca: () => material.ca, timeOfDay });
      return { ok: true, node, manager: role === 'manager', lapsed };
    },
    refresh,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(timer),
  };
}
