/** Debian's docker-registry in a host of a lab, as people run one of their own. */
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';

export type RegistryOptions = {
  port: number;
  /** With a certificate of its own; else by plain HTTP. */
  tls?: boolean;
  /** Who may use it; else everybody. */
  login?: { user: string; password: string };
  /** Bytes that its disk has; else as many as it takes. */
  disk?: number;
};

export type Registry = {
  /** HOST:PORT, as names of images begin. */
  at: string;
  /** Has a host trust its certificate, as an administrator does. */
  trustOn: (host: LabHost) => Promise<void>;
  close: () => Promise<void>;
};

/** Starts a registry at the host's address and waits until it listens. */
export async function startRegistry(host: LabHost, options: RegistryOptions): Promise<Registry> {
  const { port, tls = false, login, disk } = options;
  const at = `${host.address}:${port}`;
  const dir = await mkdtemp(join(tmpdir(), 'castnet-registry-'));
  await chmod(dir, 0o755);
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'ca.crt')];
  if (tls) await certify(host.address, key, certificate);
  // In a layer that only this host has.
  const data = `/var/lib/lab-registry-${port}`;
  await mustRun(host.enter(['mkdir', '-p', data]));
  if (disk !== undefined) {
    await mustRun(host.enter(['mount', '-t', 'tmpfs', '-o', `size=${disk}`, 'registry', data]));
  }
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: at, ...(tls ? { tls: { certificate, key } } : {}) },
    ...(login && { auth: { htpasswd: { realm: 'lab', path: await htpasswd(dir, login) } } }),
  };
  // JSON is YAML too.
  const file = join(dir, 'config.yml');
  await writeFile(file, JSON.stringify(config));
  const child = host.spawn(['docker-registry', 'serve', file]);
  await listening(child, at);
  return {
    at,
    trustOn: async (other) => {
      const place = `/etc/docker/certs.d/${at}`;
      await mustRun(other.enter(['mkdir', '-p', place]));
      const text = await readFile(certificate, 'utf8');
      await mustRun(other.enter(['tee', `${place}/ca.crt`]), { input: text });
    },
    close: async () => {
      child.kill('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function certify(address: string, key: string, certificate: string): Promise<void> {
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '9',
  ];
  const names = ['-subj', '/CN=lab', '-addext', `subjectAltName=IP:${address}`];
  await mustRun([
    'openssl',
    'req',
    '-x509',
    ...made,
    ...names,
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
}

/** A file of users; the registry takes bcrypt alone, which the C library's crypt knows. */
async function htpasswd(
  dir: string,
  { user, password }: { user: string; password: string },
): Promise<string> {
  const salt = '$2b$04$abcdefghijklmnopqrstuu';
  const hash = await mustRun(['perl', '-e', 'print crypt($ARGV[0], $ARGV[1])', password, salt]);
  const file = join(dir, 'htpasswd');
  await writeFile(file, `${user}:${hash}\n`);
  return file;
}

async function listening(child: ChildProcess, at: string): Promise<void> {
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
  }
  const look = async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
    return said.includes('listening on') || undefined;
  };
  await until(look, { what: `the registry at ${at}`, timeoutMs: 10_000, everyMs: 20 });
}
