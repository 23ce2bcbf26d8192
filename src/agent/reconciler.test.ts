import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DesiredState } from '../core/forwarding/desired-state.ts';
import { afterStep, explain, type Step } from '../core/forwarding/difference.ts';
import { type Fact, identity } from '../core/forwarding/facts.ts';
import { Reconciler } from './reconciler.ts';

const copy = (to: string): Fact => ({ kind: 'copy', dev: 'cx1', mac: '00:00:00:00:00:00', to });

/** A kernel in memory, which refuses what `refuse` says. */
function kernel(start: Fact[] = [], refuse: (step: Step) => boolean = () => false) {
  const facts = new Map(start.map((fact) => [identity(fact), fact]));
  const applied: string[][] = [];
  let looks = 0;
  return {
    facts,
    applied,
    looks: () => looks,
    observe: async () => {
      looks += 1;
      return { facts: [...facts.values()], memberships: [] };
    },
    apply: async (steps: readonly Step[]) => {
      applied.push(steps.map(explain));
      const refused = steps.filter(refuse);
      for (const step of steps) if (!refused.includes(step)) afterStep(facts, step);
      return refused.map((step) => ({ step, message: 'no' }));
    },
  };
}

function reconciler(
  of: ReturnType<typeof kernel>,
  desired: () => Fact[] | undefined,
  hooks: { onLeave?: () => Promise<void>; onTaken?: () => void } = {},
) {
  const warnings: object[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object) => warnings.push(fields),
  };
  const wanted = new DesiredState();
  const tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
  const nothing = { tunnel, networks: [], endpoints: [], peers: [] };
  const it = new Reconciler({
    kernel: of,
    desired: () => {
      const stale = desired();
      if (stale === undefined) return undefined;
      wanted.update({ ...nothing, stale });
      return wanted;
    },
    isBusy: (dev) => dev === 'cvbusy',
    onLookBegins() {},
    onLook() {},
    timeOfDay: () => 7,
    log,
    ...hooks,
  });
  return { it, warnings };
}

describe('the reconciler', () => {
  it('makes the kernel hold what it shall, and then does nothing', async () => {
    const of = kernel([copy('10.9.0.9')]);
    const { it } = reconciler(of, () => [copy('10.9.0.2')]);
    await it.loop.request();
    expect([...of.facts.values()]).toEqual([copy('10.9.0.2')]);
    await it.loop.request();
    await it.loop.request(true);
    expect(of.applied).toHaveLength(1);
  });

  it('looks at the kernel once, and again only when told', async () => {
    const of = kernel();
    const { it } = reconciler(of, () => []);
    await it.loop.request();
    await it.loop.request();
    expect(of.looks()).toBe(1);
    await it.loop.request(true);
    expect(of.looks()).toBe(2);
  });

  it('runs once for any number of requests before it begins', async () => {
    const of = kernel();
    let computed = 0;
    const { it } = reconciler(of, () => {
      computed += 1;
      return [];
    });
    await Promise.all([it.loop.request(), it.loop.request(), it.loop.request()]);
    expect(computed).toBe(1);
  });

  it('changes nothing while it is not known what the kernel shall hold', async () => {
    const of = kernel([copy('10.9.0.9')]);
    const { it } = reconciler(of, () => undefined);
    await it.loop.request();
    expect(await it.plan()).toEqual([]);
    expect(of.applied).toEqual([]);
  });

  it('goes on with changes while a look takes its time, and does not forget them after it', async () => {
    const of = kernel();
    let desired = [copy('10.9.0.2')];
    const { it } = reconciler(of, () => desired);
    await it.loop.request();
    const observe = of.observe;
    const slow = Promise.withResolvers<void>();
    of.observe = async () => {
      const found = await observe();
      await slow.promise;
      return found;
    };
    const look = it.loop.request(true);
    desired = [copy('10.9.0.2'), copy('10.9.0.3')];
    await it.loop.request();
    expect(of.facts.size).toBe(2);
    slow.resolve();
    await look;
    expect(of.applied).toHaveLength(2);
  });

  it('puts right what someone else took away, at the next look', async () => {
    const of = kernel();
    const { it } = reconciler(of, () => [copy('10.9.0.2')]);
    await it.loop.request();
    of.facts.clear();
    await it.loop.request(true);
    expect(of.facts.size).toBe(1);
  });

  it('does not believe that a refused step was taken, and tells of it when refused again', async () => {
    const of = kernel([], () => true);
    const { it, warnings } = reconciler(of, () => [copy('10.9.0.2')]);
    await it.loop.request();
    expect(it.has(identity(copy('10.9.0.2')))).toBe(false);
    expect(warnings).toHaveLength(0);
    await it.loop.request();
    expect(warnings).toHaveLength(1);
    expect(it.refused).toBe(1);
    it.loop.close();
  });

  it('plans without doing', async () => {
    const of = kernel();
    const { it } = reconciler(of, () => [copy('10.9.0.2')]);
    expect(await it.plan()).toEqual([
      'add: frames for 00:00:00:00:00:00 on cx1 are copied to host 10.9.0.2, because host 10.9.0.2 takes part in the network',
    ]);
    expect(of.facts.size).toBe(0);
    expect(it.lastChange).toBeUndefined();
    await it.loop.request();
    expect(it.lastChange?.at).toBe(7);
    expect(it.refused).toBe(0);
  });

  it('leaves alone a port that is being made or removed', async () => {
    const port: Fact = { kind: 'port', dev: 'cvbusy', bridge: 'cb1', settled: true };
    const of = kernel([port]);
    const { it } = reconciler(of, () => []);
    await it.loop.request();
    expect(of.facts.size).toBe(1);
  });

  it('does not make again what it was told of', async () => {
    const of = kernel();
    const { it } = reconciler(of, () => [copy('10.9.0.2')]);
    await it.loop.request();
    it.learn(copy('10.9.0.3'));
    await it.loop.request();
    expect(of.applied.at(-1)).toEqual([
      'remove: frames for 00:00:00:00:00:00 on cx1 are copied to host 10.9.0.3',
    ]);
  });
});

it('tells who follows of all that came in force or went, and before it goes', async () => {
  const HOSTS = ['10.9.0.2', '10.9.0.3', '10.9.0.4'];
  const some = fc.subarray(HOSTS);
  const step = fc.record({ wanted: some, learnt: some, refused: some, look: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      let wanted: Fact[] = [];
      let refused: string[] = [];
      const of = kernel([], ({ fact }) => fact.kind === 'copy' && refused.includes(fact.to));
      const follower = new Map<string, Fact>();
      const follow = (): void => {
        const changed = it.takeChanged();
        if (changed === 'all') follower.clear();
        for (const fact of changed === 'all' ? (it.inForce()?.all() ?? []) : changed) {
          const key = identity(fact);
          const now = it.inForce()?.now(fact);
          if (now === undefined) follower.delete(key);
          else follower.set(key, now);
        }
      };
      const { it } = reconciler(of, () => wanted, {
        onLeave: async () => {
          follow();
          for (const fact of follower.values()) expect(wanted).toContainEqual(fact);
        },
        onTaken: follow,
      });
      for (const { wanted: hosts, learnt, refused: no, look } of steps) {
        wanted = hosts.map(copy);
        refused = no;
        for (const to of learnt) {
          of.facts.set(identity(copy(to)), copy(to));
          it.learn(copy(to));
        }
        await it.loop.request(look);
        follow();
        expect(new Set(follower.keys())).toEqual(
          new Set((it.inForce()?.all() ?? []).map(identity)),
        );
      }
      it.loop.close();
    }),
  );
});

it('says why a run came to nothing, until one does', async () => {
  let fails = true;
  const of = kernel();
  const { it: runs } = reconciler(of, () => {
    if (fails) throw new Error('not computed');
    return [];
  });
  await runs.loop.request(true);
  expect(runs.loop.problem).toBe('not computed');
  fails = false;
  await runs.loop.request(true);
  expect(runs.loop.problem).toBe('');
  runs.loop.close();
});
