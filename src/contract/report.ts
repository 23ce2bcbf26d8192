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
  word,
} from './parts.ts';

/**
 * What a host says of itself to people, their tools and other hosts. Version 1: fields are added,
 * never changed or taken away, within a version. An added field is optional, since hosts of an older
 * release are read too.
 */

/** What an agent needs from outside of itself, and may lack. */
export const FAULT_SUBJECTS = [
  'docker',
  'tasks',
  'kernel',
  'membership',
  'rules',
  'namespaces',
  'features',
  'metrics',
  'data-path-port',
  'networks',
  'records',
  'hosts',
  'certificates',
  'forwarding',
  'guards',
  'routes',
  'exposed',
  'send-limits',
  'addresses',
  'strangers',
  'encryption',
  'fast-path',
  'agent',
] as const;
export type FaultSubject = (typeof FAULT_SUBJECTS)[number];

export const PEER_STATES = [
  // A session is open and the peer speaks.
  'up',
  // The host lives, its agent does not speak with us; its record is kept.
  'agent-down',
  // No sign of life from the host for some seconds; its record is dropped.
  'silent',
  // Nothing heard yet, and not for long.
  'connecting',
] as const;
export type PeerState = (typeof PEER_STATES)[number];

/**
 * Why there is no session with a peer, as far as this side can tell. People read the sentence beside
 * it (`lastError`); programs decide by this.
 */
export const SESSION_FAULTS = [
  // Its kernel refuses the connection: no agent runs there.
  'refused',
  // No answer to a connection: a firewall drops it, or the host is down.
  'unreachable',
  // Its kernel takes the connection but its agent says nothing: stopped, or hopelessly busy.
  'mute',
  // A certificate was not accepted, theirs by us or ours by them.
  'certificate',
  // The two do not understand or want each other; the sentence says why.
  'other',
] as const;
export type SessionFault = (typeof SESSION_FAULTS)[number];

export const hostFault = object({
  subject: word(FAULT_SUBJECTS),
  what: text.describe('What is missing, in the words of whoever refused it'),
  since: time,
});
/** Something that an agent needs and has not had for longer than a few seconds. */
export type HostFault = Told<typeof hostFault>;

export const peer = object({
  address,
  node: z.exactOptional(text),
  tunnel: z.exactOptional(address).describe('Where the host takes tunnel packets'),
  state: word(PEER_STATES),
  since: time,
  lastError: z.exactOptional(text).describe('Why there was no session, when there last was none'),
  fault: z.exactOptional(word(SESSION_FAULTS)),
  listed: z.boolean().describe('Whether Docker lists the host for a network of this one'),
  networks: z.array(text).describe('Docker ids of the networks in common'),
});
export type PeerReport = Told<typeof peer>;

const service = object({
  name: text,
  vip: address,
  serving: z.boolean().describe('Whether Docker’s own discovery answers it'),
});

export const endpoint = object({
  id: text,
  port: text.describe('The bridge port in the namespace castnet'),
  address: cidr,
  ipv6: z.exactOptional(cidr),
  mac: text,
  mtu: z.exactOptional(bytes).describe('Of its link, as it was made, bytes'),
  container: z.exactOptional(text),
  exposed: z
    .exactOptional(text)
    .describe('Of the host’s own address (castnet expose): the interface that has it'),
  carriesMulticast: z.boolean(),
  service: z.exactOptional(service),
});
export type EndpointReport = Told<typeof endpoint>;

/** From `docker network create --opt`. */
const options = object({
  mtu: z.exactOptional(bytes).describe('Without it the tunnel’s underlay decides'),
  ipv6: z
    .exactOptional(text)
    .describe('IPv6 prefix, as fd00:1::/64, from which each container’s address is derived'),
  encrypted: z
    .exactOptional(z.boolean())
    .describe('Whether what its containers say to other hosts travels in WireGuard'),
  multicast: z
    .exactOptional(z.boolean())
    .describe('Whether containers may send and hear multicast; without it they may'),
  multicastRoute: z
    .exactOptional(z.boolean())
    .describe('Whether it may be the one that carries a container’s multicast; else it may'),
  multicastPriority: z
    .exactOptional(z.number())
    .describe('-100 to 100, else 0; the highest of a container’s networks carries its multicast'),
  groups: z
    .exactOptional(z.array(text))
    .describe('The groups that containers may use, as CIDRs; without it all'),
  rate: z
    .exactOptional(object({ per: z.enum(['packets', 'bytes']), second: count }))
    .describe('What one container may send by multicast and broadcast together'),
  sourceCheck: z
    .exactOptional(z.boolean())
    .describe('Whether containers may only send what is their own'),
  fastPath: z
    .exactOptional(z.boolean())
    .describe('Whether it may have the hosts’ fast path; without it it may'),
  maxGroups: z
    .exactOptional(count)
    .describe('How many groups of one container the other hosts hear of'),
});

export const network = object({
  id: text.describe('Docker’s id of it'),
  name: z.exactOptional(text).describe('Docker’s name of it; absent while Docker does not answer'),
  vni: count,
  subnet: z.exactOptional(text).describe('As 10.0.1.0/24; absent when Docker named none'),
  otherSubnets: z.exactOptional(z.array(text)).describe('Of a network with several, the others'),
  options,
  mtu: z.exactOptional(bytes).describe('Of its containers here, bytes'),
  fastPath: z
    .exactOptional(object({ step: word(['none', 'unicast', 'groups']), why: text }))
    .describe('What of it goes around bridge and tunnel, and why no more than that'),
  hosts: z.array(address).describe('Hosts that Docker counts to it, this one among them'),
  endpoints: z.array(endpoint),
  joined: z.array(
    object({
      bridge: text,
      port: text,
      group,
      source: z.exactOptional(address).describe('Set for an (S,G) row'),
      mode: z
        .enum(['include', 'exclude'])
        .describe('include on a (*,G) row: only the sources of its (S,G) rows (RFC 3376)'),
      filtered: z
        .exactOptional(z.boolean())
        .describe('Set where an exclude row refuses some sources (RFC 3376)'),
    }),
  ),
  refused: z.array(
    object({
      port: text,
      count: count.describe('How many groups of it the other hosts do not hear of'),
      example: group.describe('The first of them'),
      reason: text,
    }),
  ),
  groups: z
    .array(object({ group, mode: z.enum(['include', 'exclude']), sources: z.array(address) }))
    .describe('What the other hosts hear of it'),
});
export type NetworkReport = Told<typeof network>;

const swarm = object({
  id: text,
  role: z.enum(['manager', 'worker']),
  certificateFrom: time,
  certificateUntil: time,
});
/** What the host's Swarm certificate says. */
export type SwarmReport = Told<typeof swarm>;

/** How the packets of encrypted networks travel. */
const wireguard = object({
  by: word(['kernel', 'wireguard-go']).describe('Who carries them'),
  port: count.describe('UDP port'),
  key: text.describe('This host’s public key'),
  peers: z.array(
    object({
      address,
      handshake: z.exactOptional(time).describe('The last one; absent: none was yet'),
    }),
  ),
});

export const report = object({
  version,
  agent: text.describe('The agent’s own version'),
  peerPort: count.describe('TCP port of the sessions between the agents'),
  now: time.describe('This host’s clock, milliseconds since 1970'),
  startedAt: time.describe('Since when the agent runs, milliseconds since 1970'),
  node: z.exactOptional(text),
  swarm: z.exactOptional(swarm).describe('What its certificate says; absent outside a Swarm'),
  encryption: word(['none', 'wireguard']).describe(
    'Of the containers’ packets between the hosts: wireguard where some network here is encrypted',
  ),
  wireguard: z.exactOptional(wireguard).describe('Absent without an encrypted network'),
  lastChange: z
    .exactOptional(object({ at: time, what: text }))
    .describe('Of forwarding, since the agent began, in words'),
  refusedSteps: count.describe('Changes that the kernel refused when they were last tried'),
  tunnelDropped: z
    .exactOptional(
      object({
        notByUnderlay: count.describe('Came by an interface not of the hosts’ network'),
        notFromAHost: count.describe('Came from, or left with, an address that is no host’s'),
        inClear: z
          .exactOptional(count)
          .describe('Of an encrypted network, came or left without encryption'),
      }),
    )
    .describe('VXLAN packets that the tunnels’ rules dropped, since these were written'),
  tunnel: z.exactOptional(
    object({
      address: address.describe('Where the others send to'),
      local: z.exactOptional(address).describe('What it is bound to, where that is another'),
      port: count,
      mtu: bytes,
    }),
  ),
  dataPathPort: z
    .exactOptional(count)
    .describe(
      'The Swarm’s --data-path-port, as a manager’s Engine tells it, its agent the workers’',
    ),
  problem: z.exactOptional(text).describe('Why the host takes no part, in a sentence'),
  faults: z
    .exactOptional(z.array(hostFault))
    .describe('What its agent needs and has not had for longer than a few seconds'),
  conflicts: z
    .exactOptional(z.array(text))
    .describe(
      'What other hosts say that cannot be so, and is refused, in sentences; the first 100',
    ),
  peers: z.array(peer),
  networks: z.array(network),
});
export type HostReport = Told<typeof report>;
