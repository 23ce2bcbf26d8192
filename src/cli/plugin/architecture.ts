import { UserError } from '../output.ts';

/** Processors that the plugin is built for, by the name that Docker, Go and Debian share. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Of the machine that builds. */
export const OWN_ARCHITECTURE: Architecture = 'amd64';

/** Whether the plugin can be built for a processor of that name. */
export function isArchitecture(name: string): name is Architecture {
  return ARCHITECTURES.some((it) => it === name);
}

/**
 * The name again.
 *
 * @throws UserError that lists the names accepted
 */
export function architectureNamed(name: string): Architecture {
  if (isArchitecture(name)) return name;
  throw new UserError(`castnet's plugin is built for no architecture "${name}"`, {
    hint: `Accepted are ${ARCHITECTURES.join(' and ')}, as "docker version" names an Engine's (OS/Arch).`,
    exitCode: 2,
  });
}

/** Where dist/ keeps the plugin for an architecture: in a directory of its own unless it is amd64. */
export function partOf(dist: string, architecture: Architecture): string {
  return architecture === OWN_ARCHITECTURE ? dist : `${dist}/${architecture}`;
}
