import * as z from 'zod';
import { object, type Told, word } from './parts.ts';

export const FINDING_CODES = [
  'agent-down',
  'agent-mute',
  'broadcast',
  'certificate',
  'certificate-expired',
  'checksum-offload',
  'clock',
  'conflict',
  'container-mtu',
  'docker',
  'encryption',
  'exposed',
  'fragments',
  'groups-refused',
  'host-down',
  'host-unknown',
  'ipvs',
  'kernel',
  'kernel-differs',
  'loss',
  'mtu',
  'mtu-differs',
  'multicast',
  'multicast-route',
  'network-refused',
  'no-swarm',
  'not-probed',
  'not-ready',
  'not-started',
  'peer-missing',
  'permission',
  'plugin-missing',
  'port-differs',
  'querier',
  'session',
  'tcp-blocked',
  'tunnel-dropped',
  'udp-blocked',
  'unicast',
  'version-differs',
  'vni-conflict',
  'vni-differs',
] as const;

export const finding = object({
  code: word(FINDING_CODES).describe('A short name that stays from release to release'),
  severity: z
    .enum(['error', 'warning'])
    .describe('An error keeps containers from each other; a warning may be meant so'),
  host: z.exactOptional(z.string()).describe('The host it is about, by its address'),
  what: z.string().describe('What is wrong, with the values that show it'),
  remedy: z.string().describe('What to do about it: a command to type where there is one'),
});

/** Something that is wrong or might be, told to people and programs alike. */
export type Finding = Told<typeof finding>;
