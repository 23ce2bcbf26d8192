import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { hostPart, type SwarmAddresses } from '../core/tunnel-address.ts';

/** moby, daemon/cluster/noderunner.go, `nodeStartConfig`: docker-state.json. */
const State = z.object({
  LocalAddr: z.string().optional(),
  RemoteAddr: z.string().optional(),
  ListenAddr: z.string().optional(),
  AdvertiseAddr: z.string().optional(),
  DataPathAddr: z.string().optional(),
});

/** swarmkit, node/node.go, `persistentRemotes`: the managers that this node knew last, state.json. */
const Managers = z.array(z.object({ addr: z.string().optional() }));

/**
 * What Docker keeps on disk of this host's place in its Swarm. It answers while Docker's own API
 * does not yet: at daemon start the plugin is opened first, and networks are made soon after.
 *
 * A node that joined with the line that `docker swarm init` prints has nothing but `RemoteAddr`:
 * Docker takes the local address of the route to it, at each start, and saves nothing.
 * @param directory /var/lib/docker/swarm
 * @returns undefined when the host is in no Swarm
 */
export function readSwarmAddresses(directory: string): SwarmAddresses | undefined {
  const state = read(`${directory}/docker-state.json`, State);
  if (state === undefined) return undefined;
  const managers = read(`${directory}/state.json`, Managers) ?? [];
  const remotes = [state.RemoteAddr, ...managers.map((it) => it.addr)].filter((it) => !!it);
  return {
    dataPath: hostPart(state.DataPathAddr),
    advertised: hostPart(state.AdvertiseAddr),
    local: hostPart(state.LocalAddr) ?? hostPart(state.ListenAddr),
    remotes: [...new Set(remotes as string[])],
  };
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
