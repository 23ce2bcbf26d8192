/** What a host's kernel and disk hold of castnet, read without the agent. */
import { readdir } from 'node:fs/promises';
import { INSIDE } from '../../src/core/fastpath/facts.ts';
import type { Lab, LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { healthy, inHost, tunnelAddress } from './agent.ts';
import { containersOn, vniOf } from './stack.ts';

const IN_CASTNET = ['nsenter', '--net=/run/netns/castnet'];

/** Runs a command in a host's `castnet` namespace. */
export const inCastnet = (host: LabHost, argv: readonly string[]): Promise<string> =>
  mustRun(host.enter([...IN_CASTNET, ...argv]));

async function read<T>(host: LabHost, argv: string[]): Promise<T> {
  return JSON.parse((await mustRun(host.enter(argv))) || '[]') as T;
}

type Fdb = { mac: string; ifname: string; dst?: string; flags?: string[] };

/** Entries of the VXLAN devices that lead to another host. */
export async function tunnelEntries(
  host: LabHost,
): Promise<{ mac: string; dev: string; to: string }[]> {
  const all = await read<Fdb[]>(host, [...IN_CASTNET, 'bridge', '-j', 'fdb', 'show']);
  return all.flatMap(({ mac, ifname, dst }) =>
    dst === undefined || !/^c[ex]/.test(ifname) ? [] : [{ mac, dev: ifname, to: dst }],
  );
}

/** Each remote container's MAC with the host that its frames go to, as the kernel has it. */
export async function routes(host: LabHost, vni: number): Promise<string[]> {
  return (await tunnelEntries(host))
    .filter(({ dev, mac }) => [`cx${vni}`, `ce${vni}`].includes(dev) && isUnicast(mac))
    .map(({ mac, to }) => `${mac} ${to}`)
    .sort();
}

/** The same as it should be, by what the Engines of all hosts say of their containers. */
export async function expectedRoutes(lab: Lab, host: LabHost, network: string): Promise<string[]> {
  if ((await containersOn(host, network).catch(() => [])).length === 0) return [];
  const others = lab.hosts.filter((it) => it !== host);
  const found = await Promise.all(
    others.map(async (it) => {
      const containers = await containersOn(it, network).catch(() => []);
      if (containers.length === 0) return [];
      const to = await tunnelAddress(it).catch(() => it.address);
      return containers.map(({ mac }) => `${mac} ${to}`);
    }),
  );
  return found.flat().sort();
}

/**
 * Links that castnet made in a host, in its own namespace and in the host's, without the pair of a fast path
 * (CASTNET_LAB_FASTPATH): that one comes with the first network and stays.
 */
export async function castnetLinks(host: LabHost): Promise<string[]> {
  const inside = await read<{ ifname: string }[]>(host, [...IN_CASTNET, 'ip', '-j', 'link']);
  const outside = await read<{ ifname: string }[]>(host, ['ip', '-j', 'link']);
  return [
    ...inside.map(({ ifname }) => ifname).filter((name) => name !== 'lo' && name !== INSIDE),
    ...outside.map(({ ifname }) => ifname).filter((name) => /^c[bxvt][0-9a-f]+$/.test(name)),
  ].sort();
}

/** Files in which the agent keeps what Docker asked for, without those of FreeNetwork's hand. */
export async function stateFiles(host: LabHost): Promise<string[]> {
  const kinds = ['networks', 'endpoints', 'allocations'];
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      (await readdir(inHost(host, `/run/castnet/${kind}`))).map((file) => `${kind}/${file}`),
    ),
  );
  return lists.flat().sort();
}

/** Everything of castnet in a host, to be compared before and after. */
export async function footprint(host: LabHost): Promise<string[]> {
  const entries = await tunnelEntries(host);
  return [
    ...(await castnetLinks(host)),
    ...(await stateFiles(host)),
    ...entries.map(({ mac, dev, to }) => `${dev} ${mac} ${to}`),
  ];
}

const isUnicast = (mac: string): boolean =>
  mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;

/**
 * Waits until every host's kernel leads to exactly the containers of a network that the Engines
 * list, and every agent is content.
 */
export async function settled(lab: Lab, network: string, withinMs = 15_000): Promise<void> {
  const vni = await vniOf(lab, network);
  for (const host of lab.hosts) {
    await until(
      async () => {
        const expected = await expectedRoutes(lab, host, network);
        const found = await routes(host, vni);
        if (found.join() === expected.join()) return true;
        const missing = expected.filter((it) => !found.includes(it));
        const surplus = found.filter((it) => !expected.includes(it));
        throw new Error(
          `missing: ${missing.join() || 'none'}; surplus: ${surplus.join() || 'none'}`,
        );
      },
      { what: `${host.name}: the routes of ${network}`, timeoutMs: withinMs, everyMs: 100 },
    );
  }
  await healthy(lab);
}
