import { readFile } from 'node:fs/promises';
import type { Step } from '../core/forwarding/difference.ts';
import type { Fact } from '../core/forwarding/facts.ts';
import type { Membership } from '../core/membership/membership.ts';
import { bridgeName, containerEndName, isHostLink, portName } from '../core/names.ts';
import { mustRun, run } from '../system/run.ts';
import type { Failure } from './batch.ts';
import { type Command, commandsFor, portLines, withoutIpv6 } from './commands.ts';
import { heldNamespace, inNamespace, netfilter } from './namespace.ts';
import {
  deviceNames,
  fdbFacts,
  hostLinkFacts,
  type Link,
  linkFacts,
  mdbContents,
  neighbourFacts,
  parseLinks,
} from './parse.ts';
import { kept, keptWriter, show } from './show.ts';
import { inWireguard } from './wireguard-namespace.ts';

/** Everything the agent reads from the kernel in one look. */
export interface Observation {
  readonly facts: Fact[];
  readonly memberships: Membership[];
}

/** A step the kernel refused, in the kernel's words. */
export interface Refusal {
  readonly step: Step;
  readonly message: string;
}

/** The tools that write inside the namespace, kept running. */
const TOOLS = { ip: keptWriter(inNamespace('ip')), bridge: keptWriter(inNamespace('bridge')) };
/** Those that read there: a group that is joined does not wait for a look. */
const READERS = { ip: kept(inNamespace('ip')), bridge: kept(inNamespace('bridge')) };

/** Reads the whole of what castnet has in the kernel. */
export async function observe(): Promise<Observation> {
  await heldNamespace.look();
  const [[devices = '', neighbours = ''], [veths = '']] = await Promise.all([
    show(READERS.ip, ['link show', 'neigh show nud permanent']),
    hostVeths(),
    netfilter.look(),
  ]);
  const links = parseLinks(devices);
  await namesAreOf(links);
  const [fdb = '', mdb = ''] = await show(READERS.bridge, ['fdb show', 'mdb show']);
  const { facts, memberships } = mdbContents(mdb);
  return {
    facts: [
      ...linkFacts(links),
      ...hostLinkFacts(veths, links),
      ...fdbFacts(fdb),
      ...neighbourFacts(neighbours),
      ...facts,
    ],
    memberships,
  };
}

/** Devices' indices and names at the last look. */
let known = '';

/**
 * `ip` learns devices' names anew from each list of them (ip/ipaddress.c, store_nlmsg), `bridge` never does. An
 * index may come back with another name: a device that is moved into a namespace keeps its own where it is free.
 */
async function namesAreOf(links: readonly Link[]): Promise<void> {
  const names = links.map(({ ifindex, ifname }) => `${ifindex} ${ifname}`).join();
  if (names !== known) await READERS.bridge.retire();
  known = names;
}

/** The host's veths, of which `castnet expose` makes some; where it made none, no child is asked for them. */
async function hostVeths(): Promise<readonly string[]> {
  const devices = deviceNames(await readFile('/proc/self/net/dev', 'utf8'));
  return devices.some(isHostLink) ? await show(['ip'], ['address show type veth']) : [];
}

const MAKES_OR_REMOVES = /^link (add|del) /;

/**
 * Takes steps in the order given and goes on after one that is refused.
 * @returns what was refused; the rest is in force
 */
export async function apply(steps: readonly Step[]): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const batch of batches(steps)) {
    for (const { line, message } of await runBatch(batch.commands)) {
      const step = batch.steps[line - 1];
      const { mayFail } = batch.commands[line - 1] ?? {};
      if (step !== undefined && mayFail === undefined) refusals.push({ step, message });
    }
    if (batch.commands.some((it) => MAKES_OR_REMOVES.test(it.line))) await devicesChanged();
  }
  return refusals;
}

/** The kept tools know devices by what they were. */
async function devicesChanged(): Promise<void> {
  const all = [TOOLS, READERS].flatMap(({ ip, bridge }) => [ip, bridge]);
  await Promise.all(all.map((it) => it.retire()));
}

interface Portion {
  readonly commands: Command[];
  /** The step each command belongs to. */
  readonly steps: Step[];
}

/** Neighbouring commands of one tool in one place go to one child process. */
function batches(steps: readonly Step[]): Portion[] {
  const result: Portion[] = [];
  for (const step of steps) {
    for (const command of commandsFor(step)) {
      const last = result.at(-1);
      const like = last?.commands[0];
      if (last !== undefined && like?.tool === command.tool && like.where === command.where) {
        last.commands.push(command);
        last.steps.push(step);
      } else {
        result.push({ commands: [command], steps: [step] });
      }
    }
  }
  return result;
}

function runBatch(commands: readonly Command[]): Promise<readonly Failure[]> {
  const { tool, where } = commands[0] as Command;
  const lines = commands.map((it) => it.line);
  if (where === 'castnet') return TOOLS[tool].run(lines);
  const once = keptWriter(where === 'host' ? [tool] : inWireguard(tool));
  return once.run(lines).finally(() => once.retire());
}

export interface PortRequest {
  readonly endpoint: string;
  readonly vni: number;
  readonly mac: string;
  readonly mtu: number;
  /** Path of the namespace for the container's end; the host's own unless given. */
  readonly namespace?: string;
}

/**
 * Makes the veth pair of a container: one end a port of the bridge, the other in the host's own
 * namespace, where Docker takes it from. One child process, since a container waits for it.
 * @throws CommandError with the kernel's words; nothing of the pair is left then
 */
export async function createPort(request: PortRequest): Promise<void> {
  const { endpoint, vni, mac, mtu, namespace = `/proc/${process.pid}/ns/net` } = request;
  const port = portName(endpoint);
  const lines = [
    `link add dev ${port} mtu ${mtu} type veth peer name ${containerEndName(endpoint)} ` +
      `mtu ${mtu} address ${mac} netns ${namespace}`,
    ...[...withoutIpv6(port, mtu), ...portLines(port, bridgeName(vni))].map((it) => it.line),
  ];
  try {
    await mustRun(inNamespace('ip', '-batch', '-'), `${lines.join('\n')}\n`);
  } catch (error) {
    await deletePort(endpoint);
    throw error;
  }
}

/**
 * Makes the bridge forget what the container behind a port has joined, at once: a port that goes
 * down loses its rows (net/bridge/br_multicast.c, br_multicast_disable_port), and when it is up
 * again the bridge asks it.
 */
export async function flushPort(port: string): Promise<void> {
  const lines = [`link set dev ${port} down`, `link set dev ${port} up`];
  await TOOLS.ip.run(lines);
}

/** Removes a container's veth pair, wherever its other end is; one that is gone is no error. */
export async function deletePort(endpoint: string): Promise<void> {
  await run(inNamespace('ip', 'link', 'del', 'dev', portName(endpoint)));
  await devicesChanged();
}
