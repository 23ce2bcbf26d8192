/** In which order faults come, and to whom: a pure function of the seed. */
import fc, { type Arbitrary } from 'fast-check';

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
  const victims = ({ victims }: F) => fc.constantFrom(...candidates(victims, site));
  const turns = (round: readonly F[]): Arbitrary<Turn<F>[]> =>
    fc.tuple(
      ...round.map((fault) => fc.record({ fault: fc.constant(fault), victim: victims(fault) })),
    );
  const round = shuffled(faults).chain(turns);
  for (let turn = 0; ; turn++) {
    // Seeds beside each other must not share rounds.
    yield* fc.sample(round, { seed: Math.imul(site.seed, 0x9e3779b1) + turn, numRuns: 1 }).flat();
  }
}

/** Every order is as likely as any other. */
export const shuffled = <T>(list: readonly T[]): Arbitrary<T[]> =>
  fc.noBias(fc.shuffledSubarray([...list], { minLength: list.length }));
