import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NetworkMessage } from './messages.ts';
import { type Outcome, Replica } from './replica.ts';
import { GROUPS, type LinkAction, type ModelEvent, ModelSwarm, NETWORKS } from './testing/model.ts';

/**
 * Any events in any order, on 2 to 50 hosts. Whenever they stop and what is under way has arrived,
 * every host must want of its kernel exactly what follows from the truth about all hosts.
 */

const host = fc.nat({ max: 49 });
const network = fc.nat({ max: NETWORKS.length - 1 });
const container = fc.nat({ max: 9 });
const group = fc.nat({ max: GROUPS.length - 1 });
const sources = fc.constantFrom([], [], ['10.0.0.9'], ['10.0.0.8', '10.0.0.9']);
const act = <T extends string>(...names: T[]) => fc.constantFrom(...names);

const onLink = (...names: LinkAction[]) => fc.record({ do: act(...names), host, peer: host });

/** What happens to hosts and sessions of which each message arrives, at some time. */
const event: fc.Arbitrary<ModelEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: act('join'), host, network }) },
  { weight: 1, arbitrary: fc.record({ do: act('leave'), host, network }) },
  { weight: 5, arbitrary: fc.record({ do: act('start'), host, network, n: container }) },
  { weight: 2, arbitrary: fc.record({ do: act('stop'), network, n: container }) },
  { weight: 4, arbitrary: fc.record({ do: act('group'), host, network, n: group, sources }) },
  { weight: 2, arbitrary: fc.record({ do: act('ungroup'), host, network, n: group }) },
  { weight: 1, arbitrary: fc.record({ do: act('restart'), host }) },
  { weight: 8, arbitrary: onLink('deliver') },
  { weight: 4, arbitrary: onLink('repeat', 'swap', 'reconnect', 'cut', 'mend') },
);
const script = fc.array(event, { maxLength: 80, size: 'max' });
const lossy = fc.array(fc.oneof({ weight: 9, arbitrary: event }, onLink('lose')), {
  maxLength: 80,
  size: 'max',
});

function faultsAfter(swarm: ModelSwarm, events: readonly ModelEvent[]): string[] {
  for (const it of events) swarm.happen(it);
  swarm.settle();
  return swarm.faults();
}

/** Few hosts meet more often, so that they take most of the runs. */
const few = fc.integer({ min: 2, max: 5 });

it('once it is quiet, every host forwards as the truth about all hosts asks', () => {
  fc.assert(
    fc.property(few, script, (size, events) => {
      expect(faultsAfter(new ModelSwarm(size), events)).toEqual([]);
    }),
    { numRuns: 4000 },
  );
});

it('so it is with up to 50 hosts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 50 }), script, (size, events) => {
      expect(faultsAfter(new ModelSwarm(size), events)).toEqual([]);
    }),
    { numRuns: 800 },
  );
});

it('messages lost within a session are put right by the next session', () => {
  fc.assert(
    fc.property(few, lossy, (size, events) => {
      const swarm = new ModelSwarm(size);
      for (const it of events) swarm.happen(it);
      swarm.reconnectAll();
      swarm.settle();
      expect(swarm.faults()).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

/** Believes whatever arrives last, as one that did not number its messages would. */
class Gullible extends Replica {
  override hear(message: NetworkMessage): Outcome {
    return super.hear('epoch' in message ? { ...message, epoch: `${Math.random()}` } : message);
  }
}

it('a fault put in on purpose is found and shrinks to a few events', () => {
  const property = fc.property(few, script, (size, events) => {
    expect(faultsAfter(new ModelSwarm(size, () => new Gullible()), events)).toEqual([]);
  });
  const { failed, counterexample } = fc.check(property, { numRuns: 4000, seed: 1 });
  expect(failed).toBe(true);
  expect(counterexample?.[1].length).toBeLessThanOrEqual(6);
});
