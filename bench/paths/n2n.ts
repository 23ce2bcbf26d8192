import type { Lab } from '../../lab/lab.ts';
import { ip, makeNamespace, type Namespace } from '../namespaces.ts';
import { unpack } from '../packages.ts';
import type { Path, Station } from '../path.ts';
import { type Running, startIn } from '../programs.ts';
import { hostUplinks } from './site.ts';
import { moveTap } from './tinc.ts';

export const N2N_PACKAGES = ['n2n'];
const DEVICE = 'benchn2n';
const PORT = 7654;

/**
 * n2n with its defaults. An edge knows the MAC of its own device alone, so the programs run on the
 * device itself, without the bridge and the veths of the others: that much is in n2n's favour.
 */
export async function n2nPath(lab: Lab, directory: string): Promise<Path> {
  const n2n = await unpack(directory, N2N_PACKAGES);
  const hosts = lab.hosts.slice(0, 3);
  const made: Namespace[] = [];
  const daemons: Running[] = [];
  const close = async () => {
    await Promise.all(daemons.map((it) => it.kill()));
    await Promise.all(made.map((it) => it.close()));
  };
  try {
    const [first] = hosts;
    if (first === undefined) throw new Error('the bench needs a lab of three hosts');
    const supernode = [await n2n.path('supernode'), '-l', String(PORT)];
    daemons.push(startIn(`/proc/${first.pid}/ns/net`, supernode, n2n.env));
    const edge = await n2n.path('edge');
    const stations: Station[] = [];
    for (const [index, host] of hosts.entries()) {
      const ns = `/proc/${host.pid}/ns/net`;
      const address = `10.64.0.${index + 1}`;
      const network = ['-a', address, '-s', '255.255.255.0', '-c', 'bench', '-k', 'bench'];
      const way = ['-d', DEVICE, '-l', `${first.address}:${PORT}`, '-p', '7655', '-r'];
      daemons.push(
        startIn(ns, [edge, ...network, ...way, '-m', `02:be:40:00:00:0${index + 1}`], n2n.env),
      );
      const own = await makeNamespace();
      made.push(own);
      await moveTap({ ns, pid: own.pid, device: DEVICE });
      await ip(own.path, [
        `address replace ${address}/24 dev ${DEVICE}`,
        `link set ${DEVICE} mtu 1400 up`,
        `route replace 224.0.0.0/4 dev ${DEVICE}`,
      ]);
      stations.push({ ns: own.path, address });
    }
    const [sender, second, third] = stations;
    if (sender === undefined || second === undefined || third === undefined) {
      throw new Error('the bench needs a lab of three hosts');
    }
    return {
      name: 'n2n',
      multicast: true,
      sender,
      receivers: [second, second, third, third],
      uplinks: hostUplinks(lab),
      daemons: daemons.map((it) => it.child.pid ?? 0),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
