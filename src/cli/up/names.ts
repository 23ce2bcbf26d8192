import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Problem } from './core/facts.ts';
import type { Target } from './core/wanted.ts';

/** All addresses of a name, as this machine resolves it. */
export type Lookup = (name: string) => Promise<readonly { address: string; family: number }[]>;

const systemLookup: Lookup = (name) => lookup(name, { all: true });

/**
 * Names that lead to two hosts: what came of one of them today might be done to the other tomorrow.
 * One address of each family is one host. A name that only ssh knows the way to is its own affair.
 * @param resolved what ssh makes of a target by its config
 */
export async function ambiguousNames(
  targets: readonly Target[],
  resolved: (target: Target) => Promise<string>,
  find: Lookup = systemLookup,
): Promise<Problem[]> {
  const found = targets
    .filter((it) => !it.here)
    .map(async (target): Promise<Problem[]> => {
      const name = await resolved(target);
      if (isIP(name) !== 0) return [];
      const all = await find(name).catch(() => []);
      for (const family of [4, 6]) {
        const addresses = [
          ...new Set(all.filter((it) => it.family === family).map((it) => it.address)),
        ];
        if (addresses.length < 2) continue;
        return [
          {
            code: 'two-addresses',
            host: target.name,
            what: `the name ${name} has ${addresses.length} addresses, ${addresses.join(' and ')}: the next run might reach another host by it`,
            remedy: `Name the host by one of them, or set HostName for it in your ssh config.`,
          },
        ];
      }
      return [];
    });
  return (await Promise.all(found)).flat();
}
