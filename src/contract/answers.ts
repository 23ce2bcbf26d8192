import * as z from 'zod';
import {
  address,
  bytes,
  cidr,
  count,
  group,
  object,
  type Told,
  text,
  time,
  version,
} from './parts.ts';
import { report } from './report.ts';

/**
 * What another host answers, before it is put into a table or onto a terminal. It proved that it is
 * of this Swarm, but it may run another release, or lie.
 */

const flow = object({ port: text, source: address, group, packets: count, bytes });

const dropped = z.array(object({ vni: count, packets: count, bytes }));

const flows = object({
  host: address,
  seconds: z.number().positive(),
  flows: z.array(flow),
  dropped: z.exactOptional(dropped).describe('By networks’ settings, since its rules were written'),
});
/** What one host measured. */
export type HostFlows = Told<typeof flows>;

const taskCount = object({
  vip: address,
  task: address,
  connections: count.describe('New ones; of UDP and ping, what the kernel takes for one'),
  packets: count.describe('To the task, none of its answers'),
  bytes,
});
/** What the containers of a host, or of all hosts, sent to one task by its service's address. */
export type TaskCount = Told<typeof taskCount>;

const briefCounts = object({
  vip: address,
  tasks: z
    .array(z.tuple([address, count, count, bytes]))
    .describe('Task, connections, packets and bytes'),
});

const balance = object({
  services: z.array(object({ network: text.describe('Docker’s id'), name: text, vip: address })),
  counts: z.array(taskCount),
  brief: z
    .exactOptional(z.array(briefCounts))
    .describe('What counts are in an answer to a thousand hosts; those are none then'),
});
/** One host's part: what it balances, and what it counted since its containers' rules were made. */
export type HostBalance = Told<typeof balance>;

const device = object({
  dev: text,
  receivedBytes: bytes,
  receivedPackets: count,
  receivedDropped: count,
  sentBytes: bytes,
  sentPackets: count,
  sentDropped: count,
});
/** What passed one of castnet's devices since it was made, by the kernel's own counters. */
export type DeviceCount = Told<typeof device>;

const fastPath = object({
  hosts: z
    .array(
      object({
        vni: count,
        host: address,
        sentPackets: count,
        sentBytes: bytes,
        receivedPackets: count,
        receivedBytes: bytes,
      }),
    )
    .describe('What networks of this host exchanged with others; bytes with Ethernet headers'),
  packets: z.array(object({ way: text, packets: count })),
  dropped: z.array(object({ reason: text, packets: count })),
});

const traffic = object({
  at: z.number().nonnegative().describe('Milliseconds of a clock of the host that never goes back'),
  devices: z.array(device),
  flows: z
    .array(flow)
    .describe('Grow for as long as somebody asks; may start anew after an idle minute'),
  dropped,
  fastPath: z
    .exactOptional(fastPath)
    .describe('What of it went around bridge and tunnel; devices and flows have it too'),
});
/** What one host's kernel counted; two of them give a rate. */
export type HostTraffic = Told<typeof traffic>;

const event = object({
  id: text.describe('Differs from that of every other event of the Swarm'),
  at: time.describe('Milliseconds since 1970, by the host’s own clock'),
  level: z.enum(['info', 'warn', 'error']),
  text,
});
/** A change or a trouble that the agent has told its log. */
export type HostEvent = Told<typeof event>;

const live = object({
  name: text.describe('The machine’s own'),
  report,
  traffic,
  events: z.array(event).describe('The newest, oldest first'),
});
/** One host as a watcher sees it, again and again. */
export type HostLive = Told<typeof live>;

const foreignVxlan = object({ dev: text, vni: count, port: count });
/** A VXLAN device outside the `castnet` namespace. */
export type ForeignVxlan = Told<typeof foreignVxlan>;

const multicastRoute = object({
  endpoint: text,
  address: cidr,
  there: z.exactOptional(z.boolean()).describe('Absent when its namespace could not be entered'),
  dev: z.exactOptional(text).describe('The interface by which its multicast is to leave'),
});
/** A container whose multicast is to leave by a castnet network, and whether it does. */
export type MulticastRoute = Told<typeof multicastRoute>;

const networkCard = object({
  dev: text.describe('That of a bond’s or a VLAN’s card, not of the bond or VLAN'),
  driver: text.describe('The kernel’s name of it'),
});
/** A network card by which a host's tunnels leave. */
export type NetworkCard = Told<typeof networkCard>;

const checkup = object({
  version,
  report,
  plan: z.array(text).describe('What the reconciler would do now'),
  vxlans: z.array(foreignVxlan),
  routes: z.array(multicastRoute),
  cards: z.exactOptional(z.array(networkCard)).describe('By which the tunnels leave'),
});
/** What the agent of a host finds when it looks closer than for a report. */
export type Checkup = Told<typeof checkup>;

/** By question. */
export const ANSWERS = { report, flows, balance, live, checkup } as const;
