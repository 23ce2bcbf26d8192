/** sshd in every host of a lab, and what a user's ssh needs to reach them. */
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabHost } from '../lab.ts';
import { mustRun, run, until } from '../run.ts';
import { debianPackage } from './debian.ts';

/** Where a host's sudo is, whose programs come first in PATH. */
const SUDO = '/opt/lab-sudo';

export type SshSite = {
  /** For `ssh -F`. */
  config: string;
  /** Its directory, for files of a test. */
  dir: string;
  close: () => Promise<void>;
};

export type SshdOptions = {
  /** Environment of everything that runs by ssh there. */
  env?: Readonly<Record<string, string>>;
};

/**
 * Starts sshd on each host and writes a config by which root is let in: a key of its own, the hosts'
 * keys known.
 */
export async function startSshd(
  hosts: readonly LabHost[],
  options: (host: LabHost) => SshdOptions = () => ({}),
): Promise<SshSite> {
  const dir = await mkdtemp(join(tmpdir(), 'castnet-sshd-'));
  // sshd reads a user's keys as that user.
  await chmod(dir, 0o755);
  const keygen = (file: string) =>
    mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', join(dir, file)]);
  await Promise.all([keygen('user'), keygen('stranger'), ...hosts.map((it) => keygen(it.name))]);
  await mustRun(['cp', join(dir, 'user.pub'), join(dir, 'authorized')]);
  const children = await Promise.all(hosts.map((it) => startOn(it, dir, options(it))));
  const known = await Promise.all(
    hosts.map(async (it) => `${it.address} ${await mustRun(['cat', join(dir, `${it.name}.pub`)])}`),
  );
  await writeFile(join(dir, 'known_hosts'), known.join(''));
  const config = join(dir, 'config');
  await writeFile(config, configText(dir, hosts));
  return {
    ...{ config, dir },
    close: async () => {
      for (const it of children) it.kill('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startOn(
  host: LabHost,
  dir: string,
  { env = {} }: SshdOptions,
): Promise<ChildProcess> {
  const config = join(dir, `${host.name}.sshd`);
  // The docker command is the one that belongs to the host's Engine.
  const all = { PATH: `${SUDO}/usr/bin:${host.env().PATH ?? ''}`, ...env };
  const variables = Object.entries(all).map(([name, value]) => ` ${name}="${value}"`);
  const lines = [
    `ListenAddress ${host.address}`,
    `HostKey ${join(dir, host.name)}`,
    `AuthorizedKeysFile ${join(dir, 'authorized')}`,
    'PidFile none',
    // The files lie below a directory that anybody may write to.
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication yes',
    'MaxStartups 100',
    'MaxSessions 100',
    `SetEnv${variables.join('')}`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  await run(host.enter(['mkdir', '-p', '/run/sshd']));
  const child = host.spawn(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
  });
  await until(async () => said.includes('Server listening') || undefined, {
    what: `sshd on ${host.name}`,
    timeoutMs: 10_000,
    everyMs: 20,
  });
  return child;
}

const configText = (dir: string, hosts: readonly LabHost[]): string =>
  [
    ...hosts.map((it) => `Host ${it.name}\n  HostName ${it.address}\n`),
    'Host *',
    '  User root',
    `  IdentityFile ${join(dir, 'user')}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${join(dir, 'known_hosts')}`,
    '  GlobalKnownHostsFile /dev/null',
    '',
  ].join('\n');

/** Makes a host's sshd let this machine's user in no more, or again. */
export async function refuseKeys(site: SshSite, refused: boolean): Promise<void> {
  await mkdir(site.dir, { recursive: true });
  await mustRun([
    'cp',
    join(site.dir, refused ? 'stranger.pub' : 'user.pub'),
    join(site.dir, 'authorized'),
  ]);
}

/**
 * Makes a user of a host who is not root, let in by the same key.
 * @param sudo whether there is Debian's sudo, and asks for a password
 * @throws Unreachable where the package cannot be had
 */
export async function addUser(host: LabHost, sudo: 'none' | 'asks' | 'free'): Promise<void> {
  const lines = [
    "grep -q '^op:' /etc/passwd || echo 'op:x:4242:4242::/tmp:/bin/sh' >>/etc/passwd",
    "grep -q '^op:' /etc/shadow || echo 'op:*:19000:0:99999:7:::' >>/etc/shadow",
    `rm -rf ${SUDO}`,
  ];
  if (sudo !== 'none') lines.push(...installSudo(await debianPackage('bookworm', 'sudo'), sudo));
  await mustRun(host.enter(['sh', '-ec', lines.join('\n')]));
}

/** The package's files beside the machine's own: /usr is the machine's, which has no sudo, /etc and /opt are not. */
function installSudo(tree: string, sudo: 'asks' | 'free'): string[] {
  const libraries = `${SUDO}/usr/libexec/sudo`;
  return [
    `cp -r ${tree} ${SUDO}`,
    `chown -R 0:0 ${SUDO} && chmod 4755 ${SUDO}/usr/bin/sudo`,
    `cp ${SUDO}/etc/pam.d/sudo /etc/pam.d/sudo && cp ${SUDO}/etc/sudoers /etc/sudoers && chmod 440 /etc/sudoers`,
    `mkdir -p /etc/sudoers.d && echo 'op ALL=(root) ${sudo === 'free' ? 'NOPASSWD: ' : ''}ALL' >/etc/sudoers.d/op`,
    'chmod 440 /etc/sudoers.d/op',
    // Where it was not built to be, and with rights that come from no environment.
    `echo 'Path plugin_dir ${libraries}/' >/etc/sudo.conf`,
    `echo ${libraries} >/etc/ld.so.conf.d/lab-sudo.conf && ldconfig`,
  ];
}
