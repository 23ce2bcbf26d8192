import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareHost, nodeHost, pluginFacts, RELEASE, wanted } from '../testing/facts.ts';
import type { HostFacts } from './facts.ts';
import { managerCount } from './managers.ts';
import { planUp, stepText } from './plan.ts';
import type { Wanted } from './wanted.ts';

const steps = (facts: readonly HostFacts[], wish: Partial<Wanted> = {}) =>
  planUp(facts, wanted(wish), RELEASE).flatMap((it) => it.steps.map((step) => stepText(step)));

const network = { name: 'shop', options: { mtu: '1400' } };

it('goes from bare hosts to a network, the plugin before the Swarm', () => {
  expect(steps([bareHost(1), bareHost(2), bareHost(3), bareHost(4)], { network })).toEqual([
    'h1: install castnet:latest',
    'h2: install castnet:latest',
    'h3: install castnet:latest',
    'h4: install castnet:latest',
    'h1: start a Swarm, as its first manager',
    'h2: join the Swarm as a manager',
    'h3: join the Swarm as a manager',
    'h4: join the Swarm as a worker',
    'make the network shop with mtu=1400',
  ]);
});

it('has nothing to do where all is done', () => {
  const shop = { name: 'shop', driver: 'castnet:latest', options: {} };
  const of = [1, 2];
  const done = [
    nodeHost(1, { role: 'manager', of }, { networks: [shop] }),
    nodeHost(2, { role: 'worker', of }),
  ];
  expect(steps(done, { network })).toEqual([]);
});

it('makes managers of workers when a third host comes', () => {
  const of = [1, 2];
  const facts = [
    nodeHost(1, { role: 'manager', of }),
    nodeHost(2, { role: 'worker', of }),
    bareHost(3),
  ];
  expect(steps(facts)).toEqual([
    'h3: install castnet:latest',
    'h3: join the Swarm as a manager',
    'h2: become a manager',
  ]);
});

it('starts the Swarm of the first manager on the line, wherever it stands', () => {
  const facts = [bareHost(2), nodeHost(1, { role: 'manager', of: [1] })];
  expect(steps(facts)).toEqual(['h2: install castnet:latest', 'h2: join the Swarm as a worker']);
});

it('counts nodes that are not on the line', () => {
  const facts = [nodeHost(1, { role: 'manager', of: [1, 8, 9] }), bareHost(2)];
  expect(steps(facts)).toContain('h2: join the Swarm as a manager');
});

describe('the plugin', () => {
  const stopped = bareHost(1, { plugin: pluginFacts({ enabled: false }) });
  const old = bareHost(1, { plugin: pluginFacts({ version: '0.0.9', build: 'x' }) });
  it('is started where an earlier run only made it', () => {
    expect(steps([stopped])[0]).toBe('h1: start castnet:latest, which is installed but stopped');
  });
  it('is upgraded one host after another', () => {
    const [stage] = planUp([old], wanted({ upgrade: true }), RELEASE);
    expect(stage).toMatchObject({ inTurn: true, steps: [{ do: 'upgrade', from: '0.0.9' }] });
  });
  it('has other settings only by an upgrade', () => {
    const settings = { LOG_LEVEL: 'debug' };
    const facts = [bareHost(1, { plugin: pluginFacts() })];
    expect(steps(facts, { settings, upgrade: true })[0]).toMatch(
      /upgrade castnet 0.1.0 with LOG_LEVEL/,
    );
  });
  it('finds the Swarm’s certificates below another data root', () => {
    const docker = { ...bareHost(1).docker, dataRoot: '/srv/docker' };
    expect(steps([bareHost(1, { docker })])[0]).toContain('swarm.source=/srv/docker/swarm');
  });
});

it.each([
  [1, 1],
  [2, 1],
  [3, 3],
  [6, 3],
  [7, 5],
  [40, 5],
])('%i hosts have %i managers', (hosts, managers) => {
  expect(managerCount(hosts)).toBe(managers);
});

it('what was done is not planned again, however far it came', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (joined) => {
      const of = joined.flatMap((it, at) => (it || at === 0 ? [at + 1] : []));
      const facts = joined.map((it, at) =>
        it || at === 0
          ? nodeHost(at + 1, { role: at === 0 ? 'manager' : 'worker', of })
          : bareHost(at + 1),
      );
      const all = planUp(facts, wanted(), RELEASE).flatMap((it) => it.steps);
      const touched = all.filter((it) => it.do !== 'promote').map((it) => it.host);
      const bare = facts.filter((it) => it.swarm.state === 'inactive').map((it) => it.host);
      expect(new Set(touched)).toEqual(new Set(bare));
      const managers = all.filter(
        (it) => it.do === 'promote' || (it.do === 'join' && it.role === 'manager'),
      );
      expect(managers).toHaveLength(managerCount(facts.length) - 1);
    }),
  );
});
