import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';

/**
 * Who the other side proved to be; `node` is undefined when the secret names nobody, and then anyone
 * who has it counts as a manager.
 */
export type Proof =
  | { ok: true; node: string | undefined; manager: boolean }
  | { ok: false; reason: string };

/** How agents prove to each other that they are of one Swarm. */
export interface Credentials {
  readonly kind: 'swarm' | 'psk';
  /** This host's own node id. */
  readonly node: string | undefined;
  /** When the certificate ends, milliseconds since 1970; undefined where there is none. */
  readonly expires?: number;
  serverOptions(): TlsOptions;
  clientOptions(): ConnectionOptions;
  /** Who is at the other end; asked once, after the handshake and before any byte is taken. */
  identify(socket: TLSSocket): Proof;
  /** Reads them again if their files changed; true when they did. Never rejects. */
  refresh(): Promise<boolean>;
  /** Calls back after each change; returns what ends that. */
  onChange(listener: () => void): () => void;
  /** Ends the watching of files. */
  close(): void;
}

/** Why there are no usable credentials, in a sentence for the person who can help. */
export class CredentialsError extends Error {
  readonly code: 'missing' | 'encrypted-key' | 'unusable';

  constructor(code: CredentialsError['code'], message: string) {
    super(message);
    this.name = 'CredentialsError';
    this.code = code;
  }
}
