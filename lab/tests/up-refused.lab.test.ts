/** What is in the way is named, by host and value, before anything is changed. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { publishedFaults } from '../../src/contract/testing/published.ts';
import { nextPackage } from '../kit/next-package.ts';
import { addUser, refuseKeys } from '../kit/ssh.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { leaveSwarm } from '../swarm.ts';
import { difference, stateOf, useBareHosts } from './support/up.ts';

const AHEAD = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

const lab = useBareHosts('uprefused', {
  hosts: 4,
  // The clock is the machine's: only what runs by ssh on h4 sees another.
  sshd: ({ name }) => (name === 'h4' ? { env: { LD_PRELOAD: AHEAD, FAKETIME: '+1h' } } : {}),
});
const [H1, H2, H3] = ['h1', 'h2', 'h3'] as const;

let before: string[][] = [];
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  before = await Promise.all(lab.hosts().map(stateOf));
});
afterEach(async () => {
  for (const it of undo.splice(0).reverse()) await it();
});

type Found = { code: string; host: string; what: string; remedy: string };

/** Runs `castnet up`, which must refuse; @returns what it names */
async function refused(hosts: string[], ...args: string[]): Promise<Found[]> {
  const now = await Promise.all(lab.hosts().map(stateOf));
  const { stdout, stderr, status } = await lab.castnet(['up', ...hosts, ...args, '--json']);
  expect(status, stdout + stderr).toBe(1);
  expect(publishedFaults('up', JSON.parse(stdout))).toEqual([]);
  const { problems, changed } = JSON.parse(stdout) as { problems: Found[]; changed: boolean };
  expect(changed).toBe(false);
  const after = await Promise.all(lab.hosts().map(stateOf));
  expect(
    now.map((it, at) => difference(it, after[at] ?? [])),
    'changed',
  ).toEqual(now.map(() => []));
  return problems;
}

/** Docker goes on making devices and rules for a while after it has answered. */
async function settled(host: LabHost): Promise<void> {
  let last: string[] = [];
  await until(
    async () => {
      const now = await stateOf(host);
      const isSame = last.length > 0 && difference(last, now).length === 0;
      last = now;
      return (isSame && now.some((it) => it.includes('docker_gwbridge bridge'))) || undefined;
    },
    { what: `${host.name} makes nothing more`, timeoutMs: 30_000, everyMs: 1_500 },
  );
}

const onHost = (host: LabHost, script: string) => mustRun(host.enter(['sh', '-c', script]));

it('a host that cannot be reached', async () => {
  const h3 = lab.host(H3);
  await h3.cut();
  undo.push(() => h3.mend());
  const found = await refused([H1, H2, H3]);
  expect(found).toMatchObject([{ code: 'unreachable', host: H3 }]);
}, 120_000);

it('a clock an hour off', async () => {
  const found = await refused([H1, H2, 'h4']);
  expect(found).toMatchObject([
    { code: 'clock', host: 'h4', what: expect.stringContaining('60 min ahead') },
  ]);
}, 120_000);

it.each([
  ['UDP 4789', 4789, []],
  [
    'that of encrypted networks, where one is wanted,',
    51890,
    ['--network', 'shop', '--opt', 'encrypted'],
  ],
])(
  '%s closed on one host from another',
  async (_, port, args) => {
    const [h1, h2] = [lab.host(H1), lab.host(H2)];
    const rule = `table inet shut { chain in { type filter hook input priority 0; ip saddr ${h2.address} udp dport ${port} drop; }; }`;
    await onHost(h1, `nft '${rule}'`);
    undo.push(() => onHost(h1, 'nft delete table inet shut'));
    const found = await refused([H1, H2, H3], ...args);
    expect(found.map((it) => it.what)).toEqual([
      `UDP ${port} does not get from h2 (${h2.address}) to h1 (${h1.address}): nothing arrives`,
    ]);
  },
  120_000,
);

it('TCP ports that are refused or taken', async () => {
  const [h1, h3] = [lab.host(H1), lab.host(H3)];
  const rule = `table inet shut { chain in { type filter hook input priority 0; ip saddr ${h1.address} tcp dport { 4790, 7946 } reject with tcp reset; }; }`;
  await onHost(h3, `nft '${rule}'`);
  undo.push(() => onHost(h3, 'nft delete table inet shut'));
  const taken = lab
    .host(H2)
    .spawn([
      'perl',
      '-MIO::Socket::INET',
      '-e',
      'my $it = IO::Socket::INET->new(LocalPort => 4790, Listen => 1, ReuseAddr => 1) or die; $| = 1; print "on\\n"; sleep 1000',
    ]);
  undo.push(async () => taken.kill('SIGTERM'));
  await new Promise((resolve) => taken.stdout?.once('data', resolve));
  const found = await refused([H1, H2, H3]);
  expect(found.map((it) => `${it.code} ${it.host}`).sort()).toEqual([
    'port-taken h2',
    'tcp-blocked h3',
    'tcp-blocked h3',
  ]);
}, 120_000);

it('a host in another Swarm', async () => {
  for (const name of [H1, H3]) {
    const host = lab.host(name);
    await host.api('POST', '/swarm/init', {
      ListenAddr: '0.0.0.0:2377',
      AdvertiseAddr: host.address,
    });
    undo.push(() => leaveSwarm(host));
  }
  await Promise.all(['h1', 'h3'].map((it) => settled(lab.host(it))));
  const found = await refused([H1, H2, H3]);
  expect(found).toMatchObject([
    { code: 'swarm-other', host: H3, what: 'h3 is in another Swarm than h1' },
  ]);
}, 120_000);

it('another release of castnet', async () => {
  const h2 = lab.host(H2);
  const next = await nextPackage();
  undo.push(() => rm(next, { recursive: true, force: true }));
  const plugin = (verb: string) =>
    mustRun([process.execPath, join(next, 'dist/castnet.js'), 'plugin', verb, '-H', h2.dockerHost]);
  await plugin('install');
  undo.push(() => plugin('uninstall'));
  const found = await refused([H1, H2, H3]);
  expect(found).toMatchObject([
    { code: 'version-differs', host: H2, what: expect.stringContaining('nextbuild000') },
  ]);
}, 180_000);

it('a network with IPv6, and a host without', async () => {
  const h2 = lab.host(H2);
  await onHost(h2, 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6');
  undo.push(() => onHost(h2, 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6'));
  const found = await refused([H1, H2], '--network', 'six', '--opt', 'ipv6=fd00:6::/64');
  expect(found).toMatchObject([{ code: 'no-ipv6', host: H2 }]);
}, 120_000);

it('a full disk, of which nothing stays', async () => {
  const h2 = lab.host(H2);
  const place = '/var/lib/castnet-up';
  await onHost(h2, `mkdir ${place} && mount -t tmpfs -o size=20m full ${place}`);
  undo.push(() => onHost(h2, `umount ${place} && rmdir ${place}`));
  const found = await refused([H1, H2]);
  expect(found).toMatchObject([
    { code: 'disk-full', host: H2, what: expect.stringContaining('No space left') },
  ]);
}, 120_000);

it('a key that is not let in, and a password prompt, which nobody waits for', async () => {
  await refuseKeys(lab.site(), true);
  undo.push(() => refuseKeys(lab.site(), false));
  const begin = performance.now();
  const found = await refused([H1, H2]);
  expect(performance.now() - begin).toBeLessThan(60_000);
  expect(found.map((it) => it.code)).toEqual(['ssh-refused', 'ssh-refused']);
}, 120_000);

it('a host key that is another than the known one', async () => {
  const { dir } = lab.site();
  const known = join(dir, 'known_hosts');
  const text = await mustRun(['cat', known]);
  const stranger = await mustRun(['cat', join(dir, 'stranger.pub')]);
  await writeFile(
    known,
    text.replace(
      new RegExp(`^${lab.host(H2).address} .*$`, 'm'),
      `${lab.host(H2).address} ${stranger.trim()}`,
    ),
  );
  undo.push(() => writeFile(known, text));
  expect(await refused([H1, H2])).toMatchObject([{ code: 'ssh-host-key', host: H2 }]);
}, 120_000);

it.each([
  ['none', 'there is no sudo'],
  ['asks', 'sudo asks for a password'],
] as const)(
  'a user who is not root, and sudo: %s',
  async (sudo, what) => {
    await addUser(lab.host(H2), sudo);
    const found = await refused([H1, `op@${H2}`]);
    expect(found).toMatchObject([
      { code: 'sudo', host: 'op@h2', what: expect.stringContaining(what) },
    ]);
  },
  120_000,
);

it('but a user whose sudo asks nothing is as good as root', async () => {
  await addUser(lab.host(H2), 'free');
  const { stdout, stderr, status } = await lab.castnet(['up', H1, `op@${H2}`, '--dry-run']);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('op@h2: join the Swarm as a worker');
}, 120_000);

it('one host under two names', async () => {
  const found = await refused([H1, lab.host(H1).address, H2]);
  expect(found).toMatchObject([
    { code: 'twice', what: expect.stringContaining('h1 and 10.99.0.1') },
  ]);
}, 120_000);

it('a host without Docker, and the command that brings it', async () => {
  const h3 = lab.host(H3);
  const all = '/usr/local/bin/docker /usr/bin/docker';
  const each = (does: string) => `for it in ${all}; do [ ! -e $it ] || ${does}; done`;
  await onHost(h3, each('mount --bind /dev/null $it'));
  undo.push(() => onHost(h3, each('umount $it')));
  const { stdout, status } = await lab.castnet(['up', H1, H3, '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    problems: [{ code: 'docker-missing', host: H3, install: expect.stringContaining('docker.io') }],
  });
}, 120_000);

it('an Engine that does not run', async () => {
  const h3 = lab.host(H3);
  await h3.killEngine('SIGTERM');
  undo.push(async () => {
    await h3.startEngine();
    await h3.waitEngine();
  });
  const { stdout, status } = await lab.castnet(['up', H1, H3, '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'docker-down', host: H3 }] });
}, 120_000);

it.each([
  [['h1', 'h1'], /named twice/],
  [['h1', 'h 2'], /is no host/],
  [[], /no host is named/],
])('%j is wrong usage', async (hosts, message) => {
  const { stderr, status } = await lab.castnet(['up', ...hosts]);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

it('left every host as it was', async () => {
  const after = await Promise.all(lab.hosts().map(stateOf));
  // Docker keeps what a Swarm and a plugin that are gone had it make.
  const own = after.map((it, at) =>
    difference(before[at] ?? [], it).filter((line) => /castnet/.test(line)),
  );
  expect(own).toEqual(after.map(() => []));
});
