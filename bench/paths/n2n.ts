import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../lab/lab.ts';
import { run, until } from '../../lab/run.ts';
import { inside, ip } from '../namespaces.ts';
import { unpack } from '../packages.ts';
import type { Path, Station } from '../path.ts';
import { type Running, startService } from '../programs.ts';
import { hostUplinks, orClose, pathOf } from './site.ts';
import { moveTap } from './tinc.ts';

export const N2N_PACKAGES = ['n2n'];
const DEVICE = 'benchn2n';
const PORT = 7654;
/** The sender's namespace, and the first of hosts 2 and 3. */
const HOMES = [0, 1, 3];

/**
 * n2n with its defaults. An edge knows the MAC of its own device alone, so the programs run on the
 * device itself, without the bridge and the veths of the others: that much is in n2n's favour.
 */
export async function n2nPath(
  lab: Lab,
  homes: readonly Station[],
  directory: string,
): Promise<Path> {
  const n2n = await unpack(directory, N2N_PACKAGES);
  const hosts = lab.hosts.slice(0, 3);
  const daemons: Running[] = [];
  const close = async () => {
    await Promise.all(daemons.map((it) => it.kill()));
  };
  return orClose(close, async () => {
    const [first] = hosts;
    if (first === undefined || hosts.length < 3)
      throw new Error('the bench needs a lab of three hosts');
    const supernode = [await n2n.path('supernode'), '-l', String(PORT)];
    daemons.push(startService(`/proc/${first.pid}/ns/net`, supernode, n2n.env));
    const edge = await n2n.path('edge');
    const stations: Station[] = [];
    for (const [index, host] of hosts.entries()) {
      const ns = `/proc/${host.pid}/ns/net`;
      const address = `10.64.0.${index + 1}`;
      const network = ['-a', address, '-s', '255.255.255.0', '-c', 'bench', '-k', 'bench'];
      const way = ['-d', DEVICE, '-l', `${first.address}:${PORT}`, '-p', '7655', '-r'];
      const mac = `02:be:40:00:00:0${index + 1}`;
      daemons.push(startService(ns, [edge, ...network, ...way, '-m', mac], n2n.env));
      await settled(ns, mac);
      const home = homes[HOMES[index] ?? 0];
      if (home === undefined) throw new Error('n2n needs a namespace on each host');
      await moveTap({ ns, to: home.ns, device: DEVICE });
      await ip(home.ns, [
        `address replace ${address}/24 dev ${DEVICE}`,
        `link set ${DEVICE} mtu 1400 up`,
      ]);
      stations.push({ ns: home.ns, address });
    }
    const [sender, second, third] = stations as [Station, Station, Station];
    return pathOf([sender, second, second, third, third], {
      name: 'n2n',
      multicast: true,
      uplinks: hostUplinks(lab),
      daemons: daemons.map((it) => it.child.pid ?? 0),
      close,
    });
  });
}

/** Waits until an edge has set its device up, which it cannot once the device is elsewhere. */
async function settled(ns: string, mac: string): Promise<void> {
  const look = async () => {
    const { stdout } = await run(inside(ns, ['ip', 'link', 'show', 'dev', DEVICE]));
    return stdout.includes(mac) || undefined;
  };
  await until(look, { what: `n2n's device with address ${mac}`, timeoutMs: 8000, everyMs: 50 });
  // Its IP address comes next; the bench sets the same one again after the move.
  await delay(500);
}
