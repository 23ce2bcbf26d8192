/** WireGuard between the hosts, by hand: what castnet's encrypted networks use, set up by a script. */
import { rm, writeFile } from 'node:fs/promises';
import { inHost } from '../../lab/kit/agent.ts';
import type { Lab, LabHost } from '../../lab/lab.ts';
import { mustRun, run, until } from '../../lab/run.ts';
import { newKeys } from '../../src/kernel/wireguard.ts';
import { agentOf } from '../agent.ts';
import { ip, makeNamespace, type Namespace } from '../namespaces.ts';
import { type Running, startService } from '../programs.ts';
import { orClose } from './site.ts';

const DEVICE = 'benchwg';
const PORT = 51_899;
/** WireGuard over IPv4 takes 60 of the underlay's 1500 bytes. */
const MTU = 1440;
/** As castnet's agent has it (src/kernel/wireguard.ts). */
const WAITING = 4_000;
/** In the host's /run, which the plugin sees too. */
const KEY = '/run/bench-wireguard.key';

export interface Wires {
  /** Of hosts 1, 2, 3, each with an interface that leads to the others. */
  readonly namespaces: readonly Namespace[];
  /** The machine's pids of programs, where the kernel has no WireGuard. */
  readonly daemons: readonly number[];
  close(): Promise<void>;
}

/** @param lab one whose agents have an encrypted network, so that the program has its device */
export async function layWires(lab: Lab): Promise<Wires> {
  const hosts = lab.hosts.slice(0, 3);
  const keys = hosts.map(() => newKeys());
  const namespaces: Namespace[] = [];
  const programs: Running[] = [];
  const close = async () => {
    await Promise.all(
      [...programs, ...namespaces].map((it) => ('kill' in it ? it.kill() : it.close())),
    );
  };
  return orClose(close, async () => {
    for (const [index, host] of hosts.entries()) {
      const wire = await makeNamespace();
      namespaces.push(wire);
      const inPlugin = await pluginOf(host);
      const add = ['ip', 'link', 'add', DEVICE, 'netns', String(wire.pid), 'type', 'wireguard'];
      const hasKernels = (await run(host.enter(add))).status === 0;
      if (!hasKernels) programs.push(await startProgram(host, inPlugin));
      const where = hasKernels ? wire.path : hostNamespace(host);
      const peers = hosts.flatMap((it, at) => {
        const to = ['endpoint', `${it.address}:${PORT}`, 'allowed-ips', `${it.address}/32`];
        return at === index ? [] : ['peer', keys[at]?.public ?? '', ...to];
      });
      const key = inHost(host, KEY);
      await writeFile(key, `${keys[index]?.private}\n`, { mode: 0o600 });
      const own = ['listen-port', String(PORT), 'private-key', KEY];
      await mustRun([...inPlugin(where), 'wg', 'set', DEVICE, ...own, ...peers]);
      await rm(key);
      const size = [`mtu ${MTU}`, ...(hasKernels ? [] : [`txqueuelen ${WAITING}`])].join(' ');
      await ip(where, [`link set ${DEVICE} ${size}`]);
      if (!hasKernels) await ip(where, [`link set ${DEVICE} netns ${wire.pid}`]);
      await ip(wire.path, [
        `address add ${host.address}/32 dev ${DEVICE}`,
        `link set ${DEVICE} up`,
        `route add default dev ${DEVICE}`,
      ]);
    }
    const daemons = programs.flatMap((it) => it.child.pid ?? []);
    return { namespaces, daemons, close };
  });
}

const hostNamespace = (host: LabHost): string => `/proc/${host.pid}/ns/net`;

/** What comes before a command, so that it is one of the plugin's, in a network namespace. */
async function pluginOf(host: LabHost): Promise<(network: string) => string[]> {
  const { pid, proc } = await agentOf(host);
  const mounts = `--mount=${proc}/${pid}/ns/mnt`;
  return (network) => ['nsenter', mounts, `--net=${network}`, '--'];
}

async function startProgram(
  host: LabHost,
  inPlugin: (network: string) => string[],
): Promise<Running> {
  const network = hostNamespace(host);
  const program = startService(network, [...inPlugin(network), 'wireguard-go', '-f', DEVICE]);
  const there = async () =>
    (await run([...inPlugin(network), 'wg', 'show', DEVICE, 'listen-port'])).status === 0 ||
    undefined;
  await until(there, { what: `${host.name}: wireguard-go's interface`, timeoutMs: 8000 });
  return program;
}
