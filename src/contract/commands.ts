import * as z from 'zod';
import { finding } from './finding.ts';
import { bytes, cidr, count, group, object, type Told, text, version } from './parts.ts';
import { endpoint, network, peer, report } from './report.ts';
import { allStatus, down, upOf } from './up.ts';

/**
 * What each command prints with `--json`: docs/json-schema.json is made of it. The command itself
 * only takes the types, so that it starts without zod.
 */

/** Of a host that has none at the moment, another word stands there. */
const address = text.describe('IP address');

const place = object({
  container: z.string(),
  host: address.describe('The host’s tunnel address'),
});
export type Place = Told<typeof place>;

const groupRow = object({
  network: z.string(),
  group,
  sources: z
    .union([z.literal('any'), z.array(address)])
    .describe('any, or the sources that members ask for'),
  members: z.array(place),
  senders: z.array(place.extend({ source: address })),
  packetsPerSecond: count,
  bytesPerSecond: count,
  copiedTo: z.array(address).describe('Hosts that get a copy of what another host sends'),
  refused: z
    .exactOptional(z.array(place.extend({ groups: count, reason: z.string() })))
    .describe('Whose memberships, of this group and of how many like it, others are not told'),
});
/** A group of a network over the whole Swarm. */
export type GroupRow = Told<typeof groupRow>;

const droppedRow = object({
  network: z.string(),
  host: address.describe('The host’s tunnel address'),
  packets: count.describe('Since the rules of that host were last written whole'),
  bytes,
});
/** What a network's settings made a host drop of what its own containers sent. */
export type DroppedRow = Told<typeof droppedRow>;

const backend = object({
  address,
  container: z.exactOptional(z.string()),
  host: address.describe('The tunnel address of the task’s host'),
  serving: z.boolean(),
  connections: count,
  packets: count,
  bytes,
});
export type Backend = Told<typeof backend>;

const serviceRow = object({
  network: z.string(),
  service: z.string(),
  vip: address,
  backends: z.array(backend),
});
export type ServiceRow = Told<typeof serviceRow>;

const heard = object({ sent: count, heard: count });
const milliseconds = z.number().describe('Round trip, milliseconds');

const probePair = object({
  from: address,
  to: address,
  reached: z.boolean().describe('Whether every kind of packet arrives'),
  kinds: object({ unicast: heard, multicast: heard, broadcast: heard, large: heard }),
  loss: z.number().min(0).max(1).describe('Part of all datagrams that did not arrive'),
  p50: z.exactOptional(milliseconds),
  p99: z.exactOptional(milliseconds),
  pathMtu: z.exactOptional(bytes).describe('The largest packet that arrived whole, bytes'),
});
/** One direction between two hosts. */
export type ProbePair = Told<typeof probePair>;

const probe = object({
  version,
  network: z.string(),
  encrypted: z.exactOptional(z.boolean()).describe('Whether it was by WireGuard'),
  ok: z.boolean().describe('Whether every host took part and every pair was reached'),
  hosts: z
    .array(object({ address, took: z.enum(['part', 'no part']) }))
    .describe('Hosts that were asked, by their tunnel address where it is known'),
  pairs: z.array(probePair),
  findings: z.array(finding),
});
/** The answer of a probe. */
export type ProbeReport = Told<typeof probe>;

const check = object({
  name: z.string(),
  detail: z.string().describe('What was found, in plain words'),
  findings: z.array(finding),
});
/** One subject of a diagnosis: what was looked at, and what is wrong with it. */
export type Check = Told<typeof check>;

const exposed = object({
  network: z.string(),
  address: cidr,
  ipv6: z.exactOptional(cidr),
  interface: z.string().describe('Of the host, in its own namespace'),
});
/** An address that this host itself has on a network. */
export type ExposedAddress = Told<typeof exposed>;

const silent = z.array(object({ address, error: z.string() }));

/** By the command's name. */
export const COMMANDS = {
  status: report.extend({ problems: z.array(finding) }),
  'status --all': allStatus,
  up: upOf(probe),
  down,
  peers: object({ version, peers: z.array(peer) }),
  networks: object({ version, networks: z.array(network) }),
  endpoints: object({
    version,
    endpoints: z.array(endpoint.extend({ network: z.string() })),
  }),
  plan: object({ version, steps: z.array(z.string()) }),
  groups: object({
    version,
    groups: z.array(groupRow),
    dropped: z.array(droppedRow),
    silent,
  }),
  services: object({ version, services: z.array(serviceRow), silent }),
  probe,
  expose: object({
    version,
    changed: z.boolean().describe('Whether this call gave or took an address'),
    addresses: z.array(exposed).describe('Those that this host has now, of all its networks'),
    stopped: z
      .array(z.object({ network: z.string(), state: z.string() }))
      .describe(
        'Networks on which it has none for now, for their container castnet-expose-NETWORK does not run',
      ),
  }),
  doctor: object({ version, ok: z.boolean(), checks: z.array(check) }),
} as const;

export type GroupsTable = Told<typeof COMMANDS.groups>;
export type UpJson = Told<typeof COMMANDS.up>;
export type DownJson = Told<typeof COMMANDS.down>;
export type AllStatusJson = Told<(typeof COMMANDS)['status --all']>;
export type Exposed = Told<typeof COMMANDS.expose>;
export type ServicesTable = Told<typeof COMMANDS.services>;

/** What a text must not have is for who reads another host's answer, not for who reads a command's. */
function withoutTerminal({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.maxLength;
  delete jsonSchema.pattern;
}

/** All of them as one JSON Schema document, each under `$defs` by its command. */
export function jsonSchema(): object {
  const $defs = Object.fromEntries(
    Object.entries(COMMANDS).map(([name, schema]) => {
      const { $schema: _, ...body } = z.toJSONSchema(schema, {
        reused: 'inline',
        override: withoutTerminal,
      });
      return [name, body];
    }),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What castnet prints with --json, by command',
    $defs,
  };
}
