import * as z from 'zod';
import { FAULT_SUBJECTS } from '../core/host-fault.ts';

/**
 * What each command prints with `--json`. Not loaded by the commands: from here comes
 * docs/json-schema.json, and tests hold what is printed against it. Within version 1 fields are
 * added, never changed or taken away.
 */

const version = z.literal(1);
const time = z.number().meta({ description: 'Milliseconds since 1970' });
const address = z.string().meta({ description: 'IP address' });
const count = z.number().int().nonnegative();

const session = {
  state: z.enum(['connecting', 'up', 'agent-down', 'silent']),
  lastError: z.string().optional().meta({ description: 'Why there last was no session' }),
  fault: z.enum(['refused', 'unreachable', 'mute', 'certificate', 'other']).optional(),
  listed: z.boolean().meta({ description: 'Whether Docker lists the host for a network here' }),
};

const peer = z.object({
  address,
  node: z.string().optional(),
  tunnel: address.optional().meta({ description: 'Where the host takes tunnel packets' }),
  ...session,
  since: time,
  networks: z.array(z.string()).meta({ description: 'Docker ids of the networks in common' }),
});

const service = z.object({ name: z.string(), vip: address, serving: z.boolean() });

const endpoint = z.object({
  id: z.string(),
  port: z.string().meta({ description: 'The bridge port in the namespace castnet' }),
  address: z.string().meta({ description: 'IPv4 address with prefix length' }),
  ipv6: z.string().optional(),
  mac: z.string(),
  mtu: count.optional().meta({ description: 'Of its link, as it was made, bytes' }),
  container: z.string().optional(),
  carriesMulticast: z.boolean(),
  service: service.optional(),
});

const refusal = z.object({
  port: z.string(),
  count,
  example: z.string(),
  reason: z.string(),
});

const network = z.object({
  id: z.string(),
  name: z.string().optional(),
  vni: count,
  subnet: z.string().optional(),
  otherSubnets: z.array(z.string()).optional(),
  options: z.object({
    mtu: count.optional(),
    ipv6: z.string().optional(),
    multicast: z.boolean().optional(),
    multicastRoute: z.boolean().optional(),
    multicastPriority: z.number().optional(),
    groups: z.array(z.string()).optional(),
    rate: z.object({ per: z.enum(['packets', 'bytes']), second: count }).optional(),
    maxGroups: count.optional(),
  }),
  mtu: count.optional().meta({ description: 'Of its containers here, bytes' }),
  hosts: z.array(address).meta({ description: 'Hosts that Docker counts to it' }),
  endpoints: z.array(endpoint),
  joined: z.array(
    z.object({
      bridge: z.string(),
      port: z.string(),
      group: address,
      source: address.optional(),
      mode: z.enum(['include', 'exclude']),
    }),
  ),
  refused: z.array(refusal),
  groups: z
    .array(
      z.object({
        group: address,
        mode: z.enum(['include', 'exclude']),
        sources: z.array(address),
      }),
    )
    .meta({ description: 'What the other hosts hear of it' }),
});

const finding = z.object({
  code: z.string().meta({ description: 'A short name that stays from release to release' }),
  severity: z.enum(['error', 'warning']),
  host: z.string().optional(),
  what: z.string(),
  remedy: z.string(),
});

const host = z.object({
  version,
  agent: z.string().meta({ description: 'The agent’s own version' }),
  peerPort: count.meta({ description: 'TCP port of the sessions' }),
  now: time,
  startedAt: time,
  node: z.string().optional(),
  swarm: z
    .object({
      id: z.string(),
      role: z.enum(['manager', 'worker']),
      certificateFrom: time,
      certificateUntil: time,
    })
    .optional(),
  encryption: z.enum(['none']).meta({ description: 'Of the packets between the hosts' }),
  lastChange: z.object({ at: time, what: z.string() }).optional(),
  refusedSteps: count.meta({ description: 'Changes that the kernel refused when last tried' }),
  tunnelDropped: z
    .object({ notByUnderlay: count, notFromAHost: count })
    .optional()
    .meta({ description: 'VXLAN packets that did not come from a host by the hosts’ network' }),
  tunnel: z
    .object({
      address,
      local: address.optional().meta({ description: 'What it is bound to, behind NAT' }),
      port: count,
      mtu: count,
    })
    .optional(),
  dataPathPort: count.optional().meta({ description: 'Of the Swarm, as its managers tell it' }),
  problem: z.string().optional(),
  faults: z
    .array(z.object({ subject: z.enum(FAULT_SUBJECTS), what: z.string(), since: time }))
    .optional()
    .meta({ description: 'What its agent needs and has not had for some seconds' }),
  conflicts: z.array(z.string()).optional(),
  peers: z.array(peer),
  networks: z.array(network),
});

const place = { container: z.string(), host: z.string() };
const silent = z.array(z.object({ address, error: z.string() }));
const heard = z.object({ sent: count, heard: count });

/** By the command's name. */
export const SCHEMAS = {
  status: host.extend({ problems: z.array(finding) }),
  peers: z.object({ version, peers: z.array(peer) }),
  networks: z.object({ version, networks: z.array(network) }),
  endpoints: z.object({ version, endpoints: z.array(endpoint.extend({ network: z.string() })) }),
  plan: z.object({ version, steps: z.array(z.string()) }),
  groups: z.object({
    version,
    groups: z.array(
      z.object({
        network: z.string(),
        group: address,
        sources: z.union([z.literal('any'), z.array(address)]),
        members: z.array(z.object(place)),
        senders: z.array(z.object({ ...place, source: address })),
        packetsPerSecond: count,
        bytesPerSecond: count,
        copiedTo: z.array(address),
        refused: z.array(z.object({ ...place, groups: count, reason: z.string() })).optional(),
      }),
    ),
    dropped: z.array(
      z.object({ network: z.string(), host: z.string(), packets: count, bytes: count }),
    ),
    silent,
  }),
  services: z.object({
    version,
    services: z.array(
      z.object({
        network: z.string(),
        service: z.string(),
        vip: address,
        backends: z.array(
          z.object({
            address,
            container: z.string().optional(),
            host: z.string(),
            serving: z.boolean(),
            connections: count,
            packets: count,
            bytes: count,
          }),
        ),
      }),
    ),
    silent,
  }),
  probe: z.object({
    version,
    network: z.string(),
    ok: z.boolean(),
    hosts: z.array(z.object({ address, took: z.enum(['part', 'no part']) })),
    pairs: z.array(
      z.object({
        from: address,
        to: address,
        reached: z.boolean(),
        kinds: z.object({
          unicast: heard,
          multicast: heard,
          broadcast: heard,
          large: heard,
        }),
        loss: z.number().min(0).max(1),
        p50: z.number().optional().meta({ description: 'Round trip, milliseconds' }),
        p99: z.number().optional().meta({ description: 'Round trip, milliseconds' }),
        pathMtu: count.optional().meta({ description: 'Bytes of the largest whole packet' }),
      }),
    ),
    findings: z.array(finding),
  }),
  doctor: z.object({
    version,
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), detail: z.string(), findings: z.array(finding) })),
  }),
} as const;

/** All of them as one JSON Schema document, each under `$defs` by its command. */
export function jsonSchema(): object {
  const $defs = Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => {
      const { $schema: _, ...body } = z.toJSONSchema(schema, { reused: 'inline' });
      return [name, body];
    }),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What castnet prints with --json, by command',
    $defs,
  };
}
