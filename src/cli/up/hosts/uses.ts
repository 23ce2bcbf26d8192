import * as z from 'zod';
import { HOLDER_LABEL } from '../../../core/exposure.ts';
import { UserError } from '../../output.ts';
import { linesOf } from '../../plugin/docker.ts';
import type { Uses } from '../core/down-plan.ts';
import { PLUGIN } from '../core/wanted.ts';
import type { Host } from './host.ts';
import { sectionsOf } from './look-script.ts';
import { unreached } from './unreached.ts';

/** Containers and services on castnet's networks, as this host's Engine knows them. It changes nothing. */
const SCRIPT = `
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/sbin"
say() { printf '\\n@@%s\\n' "$1"; }
tell() { say "$1"; shift; "$@" 2>/dev/null; printf '\\n@=%s\\n' "$?"; }
ids=$(docker network ls -q --no-trunc --filter driver=${PLUGIN})
tell networks sh -c '[ $# -eq 0 ] || docker network inspect --format "{{.ID}} {{.Name}}" "$@"' sh $ids
tell containers sh -c 'for it in "$@"; do docker ps -a --filter "network=$it" --format "{{.Names}} {{.State}} {{.Label \\"com.docker.swarm.service.id\\"}} {{.Label \\"${HOLDER_LABEL}\\"}}"; done' sh $ids
services=$(docker service ls -q 2>/dev/null)
tell services sh -c '[ $# -eq 0 ] || docker service inspect --format "{{json .Spec}}" "$@"' sh $services
tell date date +%s
`;

const Service = z.object({
  Name: z.string(),
  TaskTemplate: z.object({ Networks: z.array(z.object({ Target: z.string() })).nullish() }),
  Networks: z.array(z.object({ Target: z.string() })).nullish(),
});

/** @throws UserError when the host cannot be asked */
export async function usesOf(host: Host): Promise<Uses> {
  const outcome = await host.run(SCRIPT);
  const sections = sectionsOf(outcome.stdout);
  if (sections === undefined) {
    const { what, remedy } = unreached(host.target, outcome);
    throw new UserError(what, { hint: remedy });
  }
  const lines = (name: string): string[] => linesOf(sections.get(name)?.text ?? '');
  return readUses(host.name, lines);
}

/** What the script said. */
export function readUses(host: string, lines: (section: string) => readonly string[]): Uses {
  const networks = new Map(lines('networks').map((it) => it.split(' ') as [string, string]));
  const containers = new Map(
    lines('containers')
      .map((it) => it.split(' '))
      // A service's are its own.
      .filter(([, , service]) => !service)
      .map(([name = '', state = '', , holds]) => [
        name,
        { name, state, ...(holds ? { holds } : {}) },
      ]),
  );
  const isOn = ({ TaskTemplate, Networks }: z.infer<typeof Service>): boolean =>
    [...(TaskTemplate.Networks ?? []), ...(Networks ?? [])].some((it) => networks.has(it.Target));
  const services = lines('services')
    .map((it) => Service.parse(JSON.parse(it)))
    .filter(isOn)
    .map((it) => it.Name);
  return {
    host,
    containers: [...containers.values()],
    services: services.sort(),
    networks: [...networks.values()].sort(),
  };
}
