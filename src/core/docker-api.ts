import { Fault } from '../net/fault.ts';

/**
 * The versions of Docker Engine's API whose answers castnet reads: 1.41 came with Docker 20.10; up to
 * 1.56 the fields that are read here were compared in moby's sources (api/types, of August 2026).
 */
export const API_OLDEST = '1.41';
export const API_NEWEST = '1.56';

/** What an Engine says of itself at `GET /version`. */
export interface ApiRange {
  /** The Engine's own version, for people. */
  readonly engine: string;
  /** The oldest API version that it answers to; `min-api-version` in daemon.json raises it. */
  readonly least: string;
  readonly most: string;
}

/**
 * The API version to speak with an Engine: the oldest that both know, since one form of an answer on
 * as many Engines as possible is one form to be wrong about.
 *
 * @throws Fault when there is none
 */
export function chooseApi({ engine, least, most }: ApiRange): string {
  if (compareApi(most, API_OLDEST) < 0) {
    throw new Fault(
      `Docker ${engine} speaks API ${most} at most; castnet needs 20.10 (API ${API_OLDEST}) or newer. Upgrade Docker on this host`,
    );
  }
  if (compareApi(least, API_NEWEST) > 0) {
    throw new Fault(
      `Docker ${engine} speaks API ${least} at least; this castnet knows it up to ${API_NEWEST}. ` +
        'Upgrade castnet, or lower min-api-version in daemon.json',
    );
  }
  return compareApi(least, API_OLDEST) > 0 ? least : API_OLDEST;
}

/** @returns a negative, zero or positive number, as for a sort */
export function compareApi(a: string, b: string): number {
  const [major = 0, minor = 0] = a.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = b.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
