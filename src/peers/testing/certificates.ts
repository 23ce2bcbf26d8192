import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates as a Swarm makes them, by the openssl program, in a directory of their own. */
export interface TestSwarm {
  readonly cluster: string;
  /** Makes a node's certificate; answers its directory, as /var/lib/docker/swarm/certificates. */
  node(name: string, change?: NodeChange): string;
  remove(): void;
}

export interface NodeChange {
  /** Another O. */
  readonly cluster?: string;
  /** Another OU; empty leaves it out. */
  readonly role?: string;
  readonly expired?: boolean;
}

function openssl(cwd: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function testSwarm(cluster: string): TestSwarm {
  const top = mkdtempSync(join(tmpdir(), 'castnet-test-'));
  const root = ['-x509', '-subj', '/CN=swarm-ca', '-days', '3650', '-out', 'ca.crt'];
  openssl(top, 'req', ...EC, ...root, '-keyout', 'ca.key');
  let made = 0;

  function node(name: string, change: NodeChange = {}): string {
    const directory = join(top, `${name}-${made++}`);
    mkdirSync(directory);
    const role = change.role ?? 'swarm-manager';
    const subject = `/O=${change.cluster ?? cluster}${role && `/OU=${role}`}/CN=${name}`;
    const key = ['-keyout', 'swarm-node.key', '-out', 'node.csr'];
    openssl(directory, 'req', ...EC, '-subj', subject, ...key);
    const usage = 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:swarm-manager\n';
    writeFileSync(join(directory, 'ext'), usage);
    const signer = ['-CA', '../ca.crt', '-CAkey', '../ca.key', '-CAcreateserial'];
    const life = [
      '-days',
      change.expired ? '-1' : '1',
      '-extfile',
      'ext',
      '-out',
      'swarm-node.crt',
    ];
    openssl(directory, 'x509', '-req', '-in', 'node.csr', ...signer, ...life);
    cpSync(join(top, 'ca.crt'), join(directory, 'swarm-root-ca.crt'));
    return directory;
  }

  return { cluster, node, remove: () => rmSync(top, { recursive: true, force: true }) };
}
