import { ip, makeNamespace, type Namespace } from '../namespaces.ts';
import type { Path, Station } from '../path.ts';
import { makeSite, orClose, pathOf } from './site.ts';

/**
 * The underlay itself: the stations' bridges are joined by cables like the hosts', without any
 * encapsulation. The cables have a switch of their own, so that the hosts' do not get copies.
 */
export async function barePath(homes: readonly Station[]): Promise<Path> {
  const site = await makeSite({
    homes,
    net: 60,
    mtu: 1500,
    bridge: 'forward_delay 0 mcast_snooping 0',
  });
  const middle = await makeNamespace();
  const close = async () => {
    await site.close();
    await middle.close();
  };
  return orClose(close, async () => {
    await ip(middle.path, [
      'link add bare type bridge mcast_snooping 0 forward_delay 0',
      'link set bare up',
    ]);
    for (const [index, { path, pid }] of site.switches.entries()) {
      await ip(middle.path, [
        `link add bare${index + 1} type veth peer name cable netns ${pid}`,
        `link set bare${index + 1} master bare up`,
      ]);
      await ip(path, ['link set cable master sw0 up']);
    }
    return pathOf(site.stations, {
      name: 'bare',
      multicast: true,
      uplinks: site.switches.map((it: Namespace) => ({ ns: it.path, device: 'cable' })),
      daemons: [],
      close,
    });
  });
}
