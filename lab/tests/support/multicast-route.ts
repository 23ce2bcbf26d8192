/** By which of its networks a container sends multicast. */

import type { Container } from '../../kit/stack.ts';
import { until } from '../../run.ts';
import { inNetwork } from './inside.ts';

/** Waits until the kernel would send multicast by the container's interface on a network. */
export async function settlesOn(container: Container, network: string): Promise<void> {
  const address = await addressOn(container, network);
  await until(
    async () => {
      const said = await inNetwork(container, ['ip', 'route', 'get', '239.255.0.1']);
      return said.includes(` src ${address} `) || undefined;
    },
    { what: `the multicast route on ${network}`, timeoutMs: 5_000, everyMs: 20 },
  );
}

/** The address that Docker gave to a container on a network. */
export async function addressOn({ host, id }: Container, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return (await host.docker(['inspect', '-f', format, id])).trim();
}
