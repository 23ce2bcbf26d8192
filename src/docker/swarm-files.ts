import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as z from 'zod';

/**
 * What Docker keeps on disk of this host's place in its Swarm. It answers while Docker's own API
 * does not yet: at daemon start the plugin is opened first, and networks are made soon after.
 */
export interface SwarmAddresses {
  /** Where Docker's own overlay takes its data; castnet does the same. */
  readonly data: string;
  /** All that Docker calls this host by; the others' lists name it by one of them. */
  readonly own: readonly string[];
}

/** moby, daemon/cluster/utils.go, `nodeStartConfig` in docker-state.json. */
const State = z.object({
  LocalAddr: z.string().optional(),
  AdvertiseAddr: z.string().optional(),
  DataPathAddr: z.string().optional(),
});

/**
 * The address this host takes tunnel packets at: `--data-path-addr` where it was given, else the
 * one it advertises.
 * @param directory /var/lib/docker/swarm
 * @returns undefined when the host is in no Swarm, or says no address of its own
 */
export function readSwarmAddresses(directory: string): SwarmAddresses | undefined {
  let state: z.infer<typeof State>;
  try {
    state = State.parse(JSON.parse(readFileSync(`${directory}/docker-state.json`, 'utf8')));
  } catch {
    return undefined;
  }
  const own = [state.DataPathAddr, state.AdvertiseAddr, state.LocalAddr]
    .map(hostPart)
    .filter((it) => it !== undefined);
  const [data] = own;
  return data === undefined ? undefined : { data, own };
}

/** The address of `10.0.0.1`, `10.0.0.1:2377`, `[fd00::1]:2377`; undefined for anything else. */
function hostPart(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (isIP(text) !== 0) return text;
  const bare = text.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 || /^(0\.0\.0\.0|::)$/.test(bare) ? undefined : bare;
}
