import type { Membership } from '../core/membership/membership.ts';

/** A row of a bridge's MDB that appeared, changed or went. */
export interface MdbEvent {
  readonly gone: boolean;
  readonly row: Membership;
}

const LINE =
  /^(Deleted )?dev (\S+) port (\S+) grp (\S+)(?: src (\S+))? (?:temp|permanent)(?: filter_mode (include|exclude)( source_list )?)?/;

/**
 * Reads one line of `bridge -details monitor mdb`. Returns undefined for a line of another kind:
 * devices, router ports, and rows that say a source is blocked.
 */
export function parseMdbEvent(line: string): MdbEvent | undefined {
  const found = LINE.exec(line);
  if (found === null || / blocked\b/.test(line)) return undefined;
  const [, deleted, bridge, port, group, source, filter, list] = found as unknown as string[];
  const mode =
    (filter as 'include' | 'exclude' | undefined) ?? (source === undefined ? 'exclude' : 'include');
  return {
    gone: deleted !== undefined,
    row: {
      bridge: bridge as string,
      port: port as string,
      group: group as string,
      mode,
      ...(source === undefined ? {} : { source }),
      ...(mode === 'exclude' && list !== undefined ? { filtered: true } : {}),
    },
  };
}
