/**
 * Which Docker Engine each host of a lab has. Pure: what a person wrote becomes one name for each
 * host, before anything is made.
 */
import { UserError } from '../../src/cli/output.ts';

/** The Debian suites whose docker.io can be had, oldest first. */
export const SUITES = ['bookworm', 'trixie', 'sid'] as const;
export type Suite = (typeof SUITES)[number];

/** The machine's own Engine, whatever distribution it is of. */
export const OWN = 'own';
export type EngineName = typeof OWN | Suite;

export const ENGINE_NAMES = [OWN, ...SUITES] as const;

/**
 * One Engine for each host, in their order.
 *
 * @param wanted parts with commas between them: NAME for every host, HOST=NAME for one; a later part
 * outdoes an earlier one; undefined or empty for the machine's own everywhere
 * @throws UserError for a name or a host that there is not, with those that there are
 */
export function planEngines(wanted: string | undefined, hosts: readonly string[]): EngineName[] {
  const chosen = hosts.map((): EngineName => OWN);
  for (const { engine, host } of parseEngines(wanted ?? '')) {
    if (host === undefined) chosen.fill(engine);
    else chosen[hostIndex(host, hosts)] = engine;
  }
  return chosen;
}

/** The parts of what planEngines takes, before it is known which hosts there are. */
export function parseEngines(text: string): { engine: EngineName; host: string | undefined }[] {
  const parts = text.split(',').map((it) => it.trim());
  return parts
    .filter((it) => it !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const host = at < 0 ? undefined : part.slice(0, at);
      return { engine: engineName(part.slice(at + 1)), host };
    });
}

/** The name again. Errors: UserError that lists the names accepted. */
export function engineName(name: string): EngineName {
  const found = ENGINE_NAMES.find((it) => it === name);
  if (found !== undefined) return found;
  throw new UserError(`there is no Docker Engine "${name}" for a lab.`, {
    hint: `Accepted are ${ENGINE_NAMES.join(', ')}, for all hosts or as HOST=NAME for one.`,
    exitCode: 2,
  });
}

function hostIndex(host: string, hosts: readonly string[]): number {
  const index = hosts.indexOf(host);
  if (index >= 0) return index;
  throw new UserError(`the lab has no host "${host}" to choose an Engine for.`, {
    hint: `Its hosts: ${hosts.join(', ')}`,
    exitCode: 2,
  });
}
