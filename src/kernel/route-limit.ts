import { mustRun, run } from '../system/run.ts';
import { inSandbox } from './sandbox.ts';

/**
 * Bounds what a container sends by one interface, though its link takes more: every route by it gets
 * the MTU, and the kernel makes fragments of what is larger, or tells who forbade them. What others
 * send is still taken up to the size of the link, which a smaller MTU of the link would not.
 *
 * Not bounded is what the kernel sends without a route's metrics: broadcast to 255.255.255.255
 * (net/ipv4/route.c, __mkroute_output).
 * @param path of the container's namespace
 * @param mac of the interface
 * @param mtu bytes; undefined: what the link takes
 * @throws CommandError in ip's words; Error when no interface has the MAC
 */
export async function limitRoutes(path: string, mac: string, mtu?: number): Promise<void> {
  const ip = (...argv: string[]) => run(inSandbox(path, 'ip', ...argv));
  const links: unknown = JSON.parse(await mustRun(inSandbox(path, 'ip', '-json', 'link', 'show')));
  const dev = (links as { ifname: string; address?: string }[]).find((it) => it.address === mac);
  if (dev === undefined) throw new Error(`no interface has ${mac}`);
  const [main, broadcast, six] = await Promise.all([
    ip('route', 'show', 'dev', dev.ifname),
    ip('route', 'show', 'table', 'local', 'type', 'broadcast', 'dev', dev.ifname),
    ip('-6', 'route', 'show', 'dev', dev.ifname),
  ]);
  const own = `dev ${dev.ifname}${mtu === undefined ? '' : ` mtu ${mtu}`}`;
  const four = [...changes(main.stdout, own), ...changes(broadcast.stdout, `table local ${own}`)];
  await mustRun(inSandbox(path, 'ip', '-force', '-batch', '-'), four.join(''));
  const ownSix = changes(six.stdout, own);
  if (ownSix.length === 0) return;
  // The kernel's own route for groups stays: one with a smaller metric goes before it.
  const groups = `multicast ff00::/8 table local metric 255 ${own}`;
  const verb = mtu === undefined ? 'del' : 'replace';
  const lines = [...ownSix, `route ${verb} ${groups}\n`];
  await run(inSandbox(path, 'ip', '-6', '-force', '-batch', '-'), lines.join(''));
}

/** Lines that give routes, as `ip route show` prints them, an MTU or none. */
export function changes(shown: string, own: string): string[] {
  return shown
    .split('\n')
    .map((line) =>
      line
        .replace(/ mtu (lock )?\d+/, '')
        .replace(/ (linkdown|dead|rt_offload_failed|rt_trap|rt_offload|offload|trap)\b/g, '')
        .replace(/ expires \S+/, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .map((line) => `route change ${line} ${own}\n`);
}
