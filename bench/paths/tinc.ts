import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab, LabHost } from '../../lab/lab.ts';
import { mustRun, until } from '../../lab/run.ts';
import { ip } from '../namespaces.ts';
import { type Unpacked, unpack } from '../packages.ts';
import type { Path, Station } from '../path.ts';
import { type Running, startService } from '../programs.ts';
import { hostUplinks, makeSite, orClose, pathOf } from './site.ts';

export const TINC_PACKAGES = ['tinc', 'liblzo2-2'];
const DEVICE = 'benchtinc';

/** tinc in switch mode with its defaults: a tap device on each host, a daemon that encrypts. */
export async function tincPath(
  lab: Lab,
  homes: readonly Station[],
  directory: string,
): Promise<Path> {
  const tinc = await unpack(directory, TINC_PACKAGES);
  await configure(lab, tinc, directory);
  const daemons: Running[] = [];
  const site = await makeSite({
    homes,
    net: 63,
    mtu: 1500,
    bridge: 'forward_delay 0 mcast_snooping 0',
  });
  const close = async () => {
    await Promise.all(daemons.map((it) => it.kill()));
    await site.close();
  };
  return orClose(close, async () => {
    const program = await tinc.path('tincd');
    for (const [index, host] of lab.hosts.slice(0, 3).entries()) {
      const ns = `/proc/${host.pid}/ns/net`;
      const dir = join(directory, host.name);
      const pid = `--pidfile=${join(dir, 'pid')}`;
      daemons.push(startService(ns, [program, '-c', dir, '-D', pid], tinc.env));
      const to = site.switches[index];
      if (to === undefined) throw new Error('a site has a switch for each host');
      await moveTap({ ns, to: to.path, device: DEVICE });
      await ip(to.path, [`link set ${DEVICE} master sw0 up`]);
    }
    return pathOf(site.stations, {
      name: 'tinc',
      multicast: true,
      uplinks: hostUplinks(lab),
      daemons: daemons.map((it) => it.child.pid ?? 0),
      close,
    });
  });
}

/** Moves a daemon's tap device, once it is there, from namespace `ns` to namespace `to`. */
export async function moveTap(options: { ns: string; to: string; device: string }): Promise<void> {
  const { ns, to, device } = options;
  const move = () => ip(ns, [`link set ${device} netns ${to}`]).then(() => true);
  await until(move, { what: `the daemon's device ${device}`, timeoutMs: 8000, everyMs: 50 });
}

/** Writes each host's configuration, with a fresh key, and gives everyone all public keys. */
async function configure(lab: Lab, tinc: Unpacked, directory: string): Promise<void> {
  const hosts = lab.hosts.slice(0, 3);
  const program = await tinc.path('tincd');
  for (const host of hosts) {
    const dir = join(directory, host.name);
    await mkdir(join(dir, 'hosts'), { recursive: true });
    const peers = hosts.filter((it) => it !== host).map((it) => `ConnectTo = ${it.name}`);
    const settings = [
      `Name = ${host.name}`,
      'Mode = switch',
      'DeviceType = tap',
      `Interface = ${DEVICE}`,
      ...peers,
    ];
    await writeFile(join(dir, 'tinc.conf'), `${settings.join('\n')}\n`);
    await writeFile(join(dir, 'hosts', host.name), `Address = ${host.address}\n`);
    const libraries = Object.entries(tinc.env).map(([name, value]) => `${name}=${value}`);
    await mustRun(['env', ...libraries, program, '-c', dir, '-K', '2048'], { timeoutMs: 20_000 });
  }
  for (const host of hosts) await share(host, hosts, directory);
}

async function share(host: LabHost, hosts: LabHost[], directory: string): Promise<void> {
  const key = await readFile(join(directory, host.name, 'hosts', host.name));
  for (const to of hosts) await writeFile(join(directory, to.name, 'hosts', host.name), key);
}
