import * as z from 'zod';
import { finding } from './finding.ts';
import { address, count, object, text, version } from './parts.ts';

/** What `castnet up`, `castnet down` and `castnet status --all` print with `--json`. */

const host = z.string().describe('As it was named on the line or in the file');

const problem = object({
  code: z.string().describe('A short name that stays from release to release'),
  host,
  what: z.string().describe('What is wrong, and which value'),
  remedy: z.string().describe('What is accepted, and what to do'),
  install: z.exactOptional(z.string()).describe('The command that brings Docker to the host'),
});

const problems = z.array(problem).describe('If there are any, nothing was changed');

const step = object({
  do: z.string().describe('What kind of step it is; a later release may have others'),
  host,
  text: z.string().describe('The step for people'),
});

const settings = z.record(z.string(), z.string());

const upStep = step.extend({
  settings: z.exactOptional(settings).describe('Of a plugin that is installed, enabled, upgraded'),
  from: z.exactOptional(z.string()).describe('Of an upgrade, the version before'),
  role: z.exactOptional(z.enum(['manager', 'worker'])).describe('As which a host joins'),
  name: z.exactOptional(z.string()).describe('Of a network'),
  options: z.exactOptional(settings).describe('Of a network'),
});

const upHost = object({
  host,
  address: address.describe('Where the other hosts reach it'),
  hostname: z.string(),
  docker: z.string().describe('Version of its Engine'),
  architecture: z.string().describe('As Go names it: amd64, arm64'),
  castnet: z.string().nullable().describe('Version that was there; null: none'),
  swarm: z.string().describe('inactive, pending, active, error or locked, as Docker says'),
  manager: z.boolean(),
});

export const down = object({
  version,
  ok: z.boolean().describe('Whether all of it was done'),
  problems,
  steps: z.array(
    step.extend({
      names: z.exactOptional(z.array(z.string())).describe('Services, containers or networks'),
    }),
  ),
});

const hostLine = object({
  host,
  node: z.string().describe('Its node id; - outside a Swarm'),
  role: z.string().describe('manager, worker or none'),
  version: z.string().describe('Of its agent'),
  address: z.string().describe('Where it takes tunnel packets; - where it has none'),
  peers: object({ up: count, listed: count.describe('Those that Docker names') }),
  networks: count,
  containers: count,
  exposed: z.array(z.string()).describe('Addresses that the host itself has on networks, in words'),
  groups: count.describe('Groups with members there'),
  running: z.number().describe('Milliseconds since its agent started'),
  findings: z.array(finding),
});

export const allStatus = object({
  version,
  ok: z.boolean().describe('Whether all hosts told, and none has a finding that is an error'),
  hosts: z.array(hostLine),
  silent: z
    .array(object({ host: z.string(), error: text }))
    .describe('Hosts that did not tell, and why'),
});

/** @param probe what `castnet probe` prints */
export const upOf = <P extends z.ZodType>(probe: P) =>
  object({
    version,
    ok: z.boolean().describe('Whether packets of each kind arrive; of a dry run: no problems'),
    changed: z.boolean(),
    hosts: z.array(upHost),
    problems,
    notes: z.array(z.string()).describe('What is worth knowing and no problem'),
    steps: z.array(upStep).describe('What was done, or would be'),
    probe: probe.nullable().describe('Who hears whom; null where nothing was sent'),
  });
