import { CredentialsError } from './credentials.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/;

/**
 * A Swarm node's private key as OpenSSL takes it. Swarm writes PEM headers of its own into the file
 * (kek-version always, raft-dek on managers; swarmkit, ca/keyreadwriter.go), encrypted or not, and
 * OpenSSL refuses a PEM with headers that it does not know: so they are taken out here.
 *
 * @throws CredentialsError 'encrypted-key' with autolock on, 'unusable' when it is no PEM
 */
export function plainKey(pem: string, file: string): string {
  const [, type, body] = BLOCK.exec(pem) ?? [];
  if (type === undefined || body === undefined) {
    throw new CredentialsError('unusable', `${file} holds no PEM private key`);
  }
  const lines = body.split(/\r?\n/);
  const headers = lines.filter((line) => line.includes(':'));
  const locked = headers.some((line) => /^proc-type:.*ENCRYPTED/i.test(line));
  if (locked || type.includes('ENCRYPTED')) {
    throw new CredentialsError(
      'encrypted-key',
      `${file} is encrypted, because this Swarm has autolock on: castnet cannot use the Swarm's certificates here. Give every host the same pre-shared key instead (castnet plugin upgrade --set psk.source=/etc/castnet/psk; docs/security.md has the steps), or turn autolock off with "docker swarm update --autolock=false"`,
    );
  }
  const data = lines.filter((line) => line !== '' && !line.includes(':'));
  return `-----BEGIN ${type}-----\n${data.join('\n')}\n-----END ${type}-----\n`;
}
