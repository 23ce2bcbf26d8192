import * as z from 'zod';
import { oneLine } from '../contract/parts.ts';
import { MAX_ENTRIES } from './limits.ts';
import {
  endpointId,
  endpointSchema,
  groupSchema,
  networkId,
  nodeId,
  tunnelAddress,
  wireguard,
} from './record-schema.ts';

/**
 * The messages of protocol version 1. A connection carries one host's record, the server's, to one
 * subscriber, the client; so both directions have their own small set.
 *
 * Within a version, messages and fields may be added: what a side does not know it ignores. A
 * change that an older agent would misread needs a new version, and a side refuses a hello of
 * another version with a reason.
 */
export const PROTOCOL_VERSION = 1;

/** Longest name of a request, in characters. */
export const MAX_WHAT = 64;

const count = z.number().int().nonnegative();
const version = z.number().int().positive();
const position = { network: networkId, epoch: z.string().min(1).max(64), seq: count };
/** Told to people as it is. */
const reason = z.string().max(1024).transform(oneLine);
/** The Swarm's `--data-path-port`; workers, and agents of earlier releases, do not say it. */
const dataPathPort = z.exactOptional(z.number().int().min(1).max(65_535));
/** How an encrypted network's packets reach it; agents of earlier releases do not say it. */
const encryption = { wireguard: z.exactOptional(wireguard) };
/** The sender waits for `in-force`: containers came, and others' answers must reach them. */
const confirm = z.exactOptional(z.literal(true));

/** Client to server. */
export const clientSchemas = {
  hello: z.object({
    type: z.literal('hello'),
    version,
    node: nodeId,
    /** Where its VXLAN packets come from; an agent of an earlier release does not say. */
    tunnel: z.exactOptional(tunnelAddress),
    /** Whether it answers `confirm`; an agent of an earlier release does not. */
    confirms: z.exactOptional(z.literal(true)),
  }),
  /** Replaces the earlier wish; each network new in it is answered by a snapshot or `gone`. */
  want: z.object({ type: z.literal('want'), networks: z.array(networkId).max(8192) }),
  resync: z.object({ type: z.literal('resync'), network: networkId }),
  /** Its kernel now forwards as it was told up to these changes. Only of messages with `confirm`. */
  'in-force': z.object({ type: z.literal('in-force'), at: z.array(z.object(position)).max(8192) }),
  ping: z.object({ type: z.literal('ping'), n: count }),
  ask: z.object({
    type: z.literal('ask'),
    id: count,
    what: z.string().max(MAX_WHAT).transform(oneLine),
    args: z.unknown().optional(),
  }),
};

/** Server to client. */
export const serverSchemas = {
  hello: z.object({
    type: z.literal('hello'),
    version,
    node: nodeId,
    tunnel: tunnelAddress,
    dataPathPort,
    ...encryption,
  }),
  // The record is checked apart, so that a bad one is refused without ending the session.
  snapshot: z.object({
    type: z.literal('snapshot'),
    ...position,
    confirm,
    record: z.unknown(),
  }),
  delta: z.object({
    type: z.literal('delta'),
    ...position,
    confirm,
    set: z.object({
      endpoints: z.array(endpointSchema).max(MAX_ENTRIES),
      groups: z.array(groupSchema).max(MAX_ENTRIES),
    }),
    remove: z.object({
      endpoints: z.array(endpointId).max(MAX_ENTRIES),
      groups: z.array(z.string().max(64)).max(MAX_ENTRIES),
    }),
  }),
  /** This host has nothing of the network (any more). */
  gone: z.object({ type: z.literal('gone'), ...position }),
  /** The host now says something else of itself: its tunnel address, its Swarm's port, its key. */
  tunnel: z.object({
    type: z.literal('tunnel'),
    tunnel: tunnelAddress,
    dataPathPort,
    ...encryption,
  }),
  /** A manager's list of the Swarm's nodes; empty when it has none to tell. */
  nodes: z.object({ type: z.literal('nodes'), nodes: z.array(nodeId).max(16_384) }),
  pong: z.object({ type: z.literal('pong'), n: count }),
  answer: z.object({
    type: z.literal('answer'),
    id: count,
    data: z.unknown().optional(),
    error: z.exactOptional(reason),
  }),
  /** Why the server ends the session; only ever said to one that proved who it is. */
  refused: z.object({ type: z.literal('refused'), reason }),
};

type MessageOf<S extends Record<string, z.ZodType>> = z.infer<S[keyof S]>;
export type ClientMessage = MessageOf<typeof clientSchemas>;
export type ServerMessage = MessageOf<typeof serverSchemas>;
/** Up to which change something of a network is known. */
export type Position = MessageOf<Pick<typeof clientSchemas, 'in-force'>>['at'][number];
/** What tells of one network. */
export type NetworkMessage = Extract<ServerMessage, { network: string }>;

/** Why a hello of another protocol version is refused, or undefined when it is ours. */
export function versionFault(theirs: number): string | undefined {
  if (theirs === PROTOCOL_VERSION) return undefined;
  return `it speaks castnet's protocol version ${theirs}, this agent speaks ${PROTOCOL_VERSION}: bring both hosts to the same release of castnet`;
}
