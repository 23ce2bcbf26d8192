import type { TLSSocket } from 'node:tls';

/** So that no other use of a session's exporter gives the same (RFC 8446, section 7.5). */
const LABEL = 'EXPORTER-castnet-secret';
const BYTES = 32;

/**
 * The groups by which sessions agree on their keys, first the one that a later quantum computer does not
 * undo (draft-ietf-tls-ecdhe-mlkem), then X25519 for an OpenSSL before 3.5.
 */
export const GROUPS = 'X25519MLKEM768:X25519';

/**
 * A secret that only the two ends of a session know, by TLS's exporter. It can be told of neither what was
 * said nor from the certificates' keys.
 * @param context what it is for, the same at both ends
 * @returns 32 bytes in base64
 */
export const sessionSecret = (socket: TLSSocket, context: string): string =>
  socket.exportKeyingMaterial(BYTES, LABEL, Buffer.from(context)).toString('base64');
