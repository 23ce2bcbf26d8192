import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';

/**
 * Who the other side proved to be; `node` is undefined when the secret names nobody, and then anyone
 * who has it counts as a manager.
 */
export type Proof =
  | {
      ok: true;
      node: string | undefined;
      manager: boolean;
      /**
       * Why the proof counts no more: its certificate has expired, or the Swarm has another root. Asked again
       * and again while the session lasts; absent of what never lapses.
       */
      lapsed?: () => string | undefined;
    }
  | { ok: false; reason: string };

/** What a Swarm certificate says. */
export interface Certificate {
  /** The Swarm's id. */
  readonly cluster: string;
  readonly role: 'manager' | 'worker';
  /** Since when and until when it holds, in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** How agents prove to each other that they are of one Swarm. */
export interface Credentials {
  readonly kind: 'swarm' | 'psk';
  /** This host's own node id. */
  readonly node: string | undefined;
  /** What this host's certificate says of it; undefined without one. */
  readonly certificate: Certificate | undefined;
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
