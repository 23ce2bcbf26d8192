import * as z from 'zod';
import type { HostFlows } from '../core/groups-table.ts';
import type { HostReport } from '../core/report.ts';
import type { HostBalance } from '../core/services-table.ts';
import type { HostLive } from '../core/traffic.ts';
import { isGroup } from '../net/group.ts';

/**
 * What another host answers, before it is put into a table or onto a terminal. It proved that it is
 * of this Swarm, but it may run another release, or lie. Fields that are not listed pass as they
 * are, since later releases add some.
 */

/** What people are shown: nothing that a terminal takes for an order. */
export const text = z
  .string()
  .max(1024)
  .regex(/^\P{Cc}*$/u, 'has control characters');
const count = z.number().nonnegative();
const group = text.refine(isGroup, 'is not a multicast address');

const service = z.looseObject({ name: text, vip: text, serving: z.boolean() });

const network = z.looseObject({
  id: text,
  vni: z.number(),
  name: text.optional(),
  subnet: text.optional(),
  otherSubnets: z.array(text).optional(),
  mtu: z.number().optional(),
  options: z.looseObject({}),
  hosts: z.array(text),
  endpoints: z.array(
    z.looseObject({
      id: text,
      port: text,
      address: text,
      ipv6: text.optional(),
      mac: text,
      container: text.optional(),
      mtu: z.number().optional(),
      carriesMulticast: z.boolean(),
      service: service.optional(),
    }),
  ),
  joined: z.array(z.looseObject({ port: text, group, source: text.optional(), mode: text })),
  refused: z.array(z.looseObject({ port: text, count, example: group, reason: text })),
  groups: z.array(
    z.looseObject({ group, mode: z.enum(['include', 'exclude']), sources: z.array(text) }),
  ),
});

const report = z.looseObject({
  version: z.literal(1),
  agent: text,
  peerPort: count,
  now: z.number(),
  startedAt: z.number(),
  swarm: z
    .looseObject({
      id: text,
      role: z.enum(['manager', 'worker']),
      certificateFrom: z.number(),
      certificateUntil: z.number(),
    })
    .optional(),
  encryption: text,
  refusedSteps: count,
  tunnelDropped: z.looseObject({ notByUnderlay: count, notFromAHost: count }).optional(),
  node: text.optional(),
  tunnel: z.looseObject({ address: text, port: z.number(), mtu: z.number() }).optional(),
  dataPathPort: z.number().optional(),
  problem: text.optional(),
  faults: z.array(z.looseObject({ subject: text, what: text, since: z.number() })).optional(),
  conflicts: z.array(text).optional(),
  peers: z.array(
    z.looseObject({
      ...{ address: text, state: text, since: z.number(), networks: z.array(text) },
      ...{ lastError: text.optional(), fault: text.optional(), listed: z.boolean() },
    }),
  ),
  networks: z.array(network),
});

const dropped = z.array(z.looseObject({ vni: z.number(), packets: count, bytes: count }));

const flows = z.looseObject({
  host: text,
  seconds: z.number().positive(),
  flows: z.array(z.looseObject({ port: text, source: text, group, packets: count, bytes: count })),
  dropped: dropped.optional(),
});

const balance = z.looseObject({
  services: z.array(z.looseObject({ network: text, name: text, vip: text })),
  counts: z.array(
    z.looseObject({ vip: text, task: text, connections: count, packets: count, bytes: count }),
  ),
});

const device = z.looseObject({
  dev: text,
  receivedBytes: count,
  receivedPackets: count,
  receivedDropped: count,
  sentBytes: count,
  sentPackets: count,
  sentDropped: count,
});

const live = z.looseObject({
  name: text,
  report,
  traffic: z.looseObject({
    at: count,
    devices: z.array(device),
    flows: flows.shape.flows,
    dropped,
  }),
  events: z.array(
    z.looseObject({ id: text, at: count, level: z.enum(['info', 'warn', 'error']), text }),
  ),
});

/** By question; what passes is of the type that the question asks for. */
export const ANSWERS = {
  report: report as unknown as z.ZodType<HostReport>,
  flows: flows as unknown as z.ZodType<HostFlows>,
  balance: balance as unknown as z.ZodType<HostBalance>,
  live: live as unknown as z.ZodType<HostLive>,
};

export interface PeerAnswer {
  readonly address: string;
  readonly answer?: unknown;
  readonly error?: string;
}

export interface Understood<T> {
  readonly answers: T[];
  /** Hosts that did not answer, or not so that it can be used, and why. */
  readonly silent: { readonly address: string; readonly error: string }[];
}

/** The answers that can be used. */
export function understood<T>(given: readonly PeerAnswer[], schema: z.ZodType<T>): Understood<T> {
  const answers: T[] = [];
  const silent: { address: string; error: string }[] = [];
  for (const { address, answer, error } of given) {
    if (error !== undefined) {
      silent.push({ address, error });
      continue;
    }
    const checked = schema.safeParse(answer);
    if (checked.success) {
      answers.push(checked.data);
      continue;
    }
    const issue = checked.error.issues[0];
    const where = issue?.path.map(String).join('.') || 'the whole of it';
    const words = `its answer cannot be used (${where}: ${issue?.message}): it may run another release`;
    silent.push({ address, error: words });
  }
  return { answers, silent };
}
