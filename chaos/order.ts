/** In which order faults come, and to whom: a pure function of the seed. */
import { Random } from '../fuzz/random.ts';

/** Hosts that a fault may befall. The first stays a manager, so that there is one to ask. */
export type Victims = 'any' | 'manager' | 'second-manager' | 'worker' | 'leader';

export type Turn<F> = { fault: F; victim: string };

/** The host names among which a fault's victim is drawn. */
export function candidates(
  victims: Victims,
  { hosts, managers }: { hosts: readonly string[]; managers: number },
): readonly string[] {
  if (victims === 'any') return hosts;
  if (victims === 'worker') return hosts.slice(managers);
  if (victims === 'second-manager') return hosts.slice(1, managers);
  return hosts.slice(0, managers);
}

/**
 * Faults without an end: every fault comes once in each round, in an order of its own, so a rare
 * one is never left out by chance.
 */
export function* order<F extends { victims: Victims }>(
  faults: readonly F[],
  site: { hosts: readonly string[]; managers: number; seed: number },
): Generator<Turn<F>, never> {
  if (faults.length === 0) throw new RangeError('there is no fault to put in order');
  const random = new Random(site.seed);
  for (;;) {
    for (const fault of shuffled(faults, random)) {
      yield { fault, victim: random.pick(candidates(fault.victims, site)) };
    }
  }
}

/** Fisher and Yates's shuffle: every order is as likely as any other. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
