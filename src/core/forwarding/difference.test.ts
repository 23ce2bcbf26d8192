import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbEndpoint, arbNetworks, arbPeer } from '../testing/arbitraries.ts';
import { desiredFacts, difference } from '../testing/oracle.ts';
import { afterStep, explain } from './difference.ts';
import { type Fact, identity } from './facts.ts';

const arbFacts: fc.Arbitrary<Fact[]> = fc
  .record({
    networks: arbNetworks,
    endpoints: fc.array(arbEndpoint, { maxLength: 6 }),
    peers: fc.array(arbPeer, { maxLength: 5 }),
    address: fc.constantFrom('10.9.0.1', '10.9.0.77'),
    mtu: fc.constantFrom(1450, 8950),
  })
  .map(({ address, mtu, ...rest }) =>
    desiredFacts({ tunnel: { address, port: 4789, mtu }, ...rest }),
  );

const unique = (facts: Fact[]): Map<string, Fact> => {
  const found = new Map<string, Fact>();
  for (const fact of facts) if (!found.has(identity(fact))) found.set(identity(fact), fact);
  return found;
};

describe('the difference of two states of the kernel', () => {
  it('leads from the one to the other', () => {
    fc.assert(
      fc.property(arbFacts, arbFacts, (want, have) => {
        const facts = unique(have);
        for (const step of difference(want, have)) afterStep(facts, step);
        expect(facts).toEqual(unique(want));
      }),
    );
  });

  it('is nothing when they say the same, in whatever order', () => {
    fc.assert(
      fc.property(arbFacts, (facts) => {
        const own = [...unique(facts).values()];
        expect(difference(facts, own.reverse())).toEqual([]);
      }),
    );
  });

  it('is the same list for the same facts in another order', () => {
    fc.assert(
      fc.property(arbFacts, arbFacts, (want, have) => {
        const one = [...unique(want).values()];
        expect(difference(one, have)).toEqual(difference([...one].reverse(), have));
      }),
    );
  });

  it('adds before it removes', () => {
    fc.assert(
      fc.property(arbFacts, arbFacts, (want, have) => {
        const actions = difference(want, have).map((it) => it.action === 'remove');
        expect(actions).toEqual([...actions].sort((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  it('makes copies before the member entry that leads to them, and removes it first', () => {
    const copy: Fact = { kind: 'copy', dev: 'cx1', mac: '01:00:5e:01:01:01', to: '10.9.0.2' };
    const member: Fact = {
      kind: 'member',
      bridge: 'cb1',
      dev: 'cx1',
      group: '239.1.1.1',
      settled: true,
    };
    expect(difference([member, copy], []).map((it) => it.fact.kind)).toEqual(['copy', 'member']);
    expect(difference([], [copy, member]).map((it) => it.fact.kind)).toEqual(['member', 'copy']);
  });
});

it('a step says in words what changes', () => {
  const [step] = difference(
    [{ kind: 'route', dev: 'cx1', mac: '02:42:0a:00:00:02', to: '10.9.0.3' }],
    [{ kind: 'route', dev: 'cx1', mac: '02:42:0a:00:00:02', to: '10.9.0.2' }],
  );
  expect(step && explain(step)).toBe(
    'change: frames for 02:42:0a:00:00:02 on cx1 go to host 10.9.0.3 ' +
      '(was: frames for 02:42:0a:00:00:02 on cx1 go to host 10.9.0.2)',
  );
});
