import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GROUPS_LANDMARK, GROUPS_TABLE, groupsTable } from '../core/rules/untracked-groups.ts';
import { LANDMARK, TABLE } from '../core/services/balancing.ts';
import type { Service } from '../core/services/services.ts';
import { WARM_MS } from '../core/services/warmup.ts';
import { Balancer, type Sandboxes } from './balancer.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const web = (...serving: string[]): Service[] => [
  { name: 'web', vip: '10.0.1.2', serving, draining: [] },
];

/** Namespaces that keep what was written to them. */
function fakeSandboxes() {
  const written: { path: string; script: string }[] = [];
  const ruled = new Map<string, string>();
  const looked: string[] = [];
  const tables: (readonly string[])[] = [];
  const able = new Set<string>();
  const ids = new Map<string, string>();
  let failing = false;
  const sandboxes: Sandboxes = {
    identity: (path) => (path.startsWith('/gone') ? undefined : (ids.get(path) ?? path)),
    applyRules: async (path, script) => {
      if (failing) throw new Error('nft says no');
      written.push({ path, script });
      ruled.set(path, LANDMARK + GROUPS_LANDMARK);
    },
    listTables: async (path, names) => {
      looked.push(path);
      tables.push(names);
      return ruled.get(path);
    },
    pairCounters: async (path, table, set) => {
      expect(table).toBe(TABLE);
      const packets = set === 'begun' ? 1 : path.length;
      return [{ pair: ['10.0.1.2', '10.0.1.5'], packets, bytes: 100 }];
    },
    mayChange: async () => able,
    untracked: false,
  };
  return {
    ...{ sandboxes, written, ruled, looked, tables, able, ids },
    fail: (it: boolean) => (failing = it),
  };
}

function balancerOf(paths: string[], first: Service[]) {
  const fake = fakeSandboxes();
  let services: readonly Service[] = first;
  const balancer = new Balancer({
    sandboxes: fake.sandboxes,
    desired: () => new Map(paths.map((it) => [it, services])),
    log,
    now: () => Date.now(),
  });
  return {
    ...fake,
    balancer,
    set: (next: readonly Service[]) => {
      services = next;
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('leaves the rules as they are once closed, though an agent that stops hears nobody more', async () => {
  const { balancer, written, set } = balancerOf(['/a'], web('10.0.1.5'));
  await balancer.update();
  balancer.close();
  set(web());
  await balancer.update();
  await balancer.inspect();
  expect(written).toHaveLength(1);
});

it('does not begin a new round when it is closed during one', async () => {
  const { balancer, written, set } = balancerOf(['/a'], web('10.0.1.5'));
  const round = balancer.update();
  await vi.waitFor(() => expect(written).toHaveLength(1));
  set(web());
  void balancer.update();
  balancer.close();
  await round;
  expect(written).toHaveLength(1);
});

describe('update', () => {
  it('writes a namespace whole once, then its differences, and nothing without one', async () => {
    const { balancer, written, set } = balancerOf(['/a', '/b'], web('10.0.1.5', '10.0.1.6'));
    await balancer.update();
    expect(written.map((it) => it.path).sort()).toEqual(['/a', '/b']);
    expect(written[0]?.script).toContain(`table ip ${TABLE} {`);
    await balancer.update();
    expect(written).toHaveLength(2);
    set(web('10.0.1.5'));
    await balancer.update();
    expect(written).toHaveLength(4);
    expect(written[2]?.script).not.toContain('table ip castnet {');
    expect(written[2]?.script).toBe(written[3]?.script);
  });

  it('balances nothing for a container that reaches no service, nor for one that is gone', async () => {
    const { balancer, written } = balancerOf(['/a', '/gone/b'], []);
    await balancer.update();
    await balancer.update();
    expect(written).toEqual([{ path: '/a', script: groupsTable(false) }]);
    expect(balancer.lacking()).toEqual([]);
  });

  it('lets groups pass tracking by in every container, and balances once there is a service', async () => {
    const { balancer, written, set, sandboxes, tables, ruled, able } = balancerOf(['/a'], []);
    able.add('/a');
    Object.assign(sandboxes, { untracked: true });
    await balancer.update();
    expect(written).toEqual([{ path: '/a', script: groupsTable(true) }]);
    await balancer.inspect();
    expect(tables).toEqual([[GROUPS_TABLE]]);
    set(web('10.0.1.5'));
    await balancer.update();
    expect(written[1]?.script).toMatch(/^create table ip castnet\n/);
    await balancer.inspect();
    expect(tables[1]).toEqual([GROUPS_TABLE, 'ip castnet']);
    ruled.set('/a', LANDMARK);
    await balancer.inspect();
    expect(written[2]?.script).toContain(groupsTable(true));
    expect(written[2]?.script).toContain('table ip castnet {');
  });

  it('does not ask for the namespace of a container at rest again', async () => {
    const { balancer, sandboxes } = balancerOf(['/a'], []);
    const identity = vi.spyOn(sandboxes, 'identity');
    await balancer.update();
    identity.mockClear();
    await balancer.update();
    expect(identity).not.toHaveBeenCalled();
  });

  it('keeps nobody waiting that reaches no service', async () => {
    const { balancer, sandboxes } = balancerOf(['/a'], []);
    sandboxes.applyRules = () => new Promise(() => {});
    await balancer.prepare('/a');
  });

  it('writes anew when another namespace took the path, or nft refused', async () => {
    const { balancer, written, ids, fail, set } = balancerOf(['/a'], web('10.0.1.5'));
    await balancer.update();
    ids.set('/a', 'another');
    await balancer.update();
    expect(written).toHaveLength(2);
    fail(true);
    set(web('10.0.1.6', '10.0.1.5'));
    vi.advanceTimersByTime(WARM_MS);
    await balancer.update();
    fail(false);
    await balancer.update();
    expect(written[2]?.script).toContain(`table ip ${TABLE} {`);
  });

  it('says which connections may be there only where some may: not of one that has just come', async () => {
    const pairs = 'element ip castnet pairs';
    const { balancer, written, ruled, able } = balancerOf(['/a'], web('10.0.1.5'));
    able.add('/a');
    await balancer.update();
    expect(written[0]?.script).not.toContain(pairs);
    // It flushed its rules, under connections that go on.
    ruled.delete('/a');
    await balancer.inspect();
    expect(written[1]?.script).toContain(`add ${pairs} { 10.0.1.2 . 10.0.1.5 }`);
  });

  it('takes the place of an earlier agent’s rules, and says which of their connections are right', async () => {
    const { sandboxes, written } = fakeSandboxes();
    const balancer = new Balancer({
      sandboxes,
      desired: () => new Map([['/a', web('10.0.1.5', '10.0.1.6')]]),
      earlier: new Set(['/a']),
      log,
    });
    await balancer.update();
    expect(written[0]?.script).toMatch(/^table ip castnet /m);
    expect(written[0]?.script).toContain(
      'add element ip castnet pairs { 10.0.1.2 . 10.0.1.5, 10.0.1.2 . 10.0.1.6 }',
    );
    expect(written[0]?.script).toMatch(/^flush set ip castnet sent/m);
  });

  it('the same where nobody knew that there were any: of a container that left the network and came back', async () => {
    const { balancer, sandboxes, written } = balancerOf(['/a'], web('10.0.1.5'));
    const { applyRules } = sandboxes;
    sandboxes.applyRules = async (path, script) => {
      if (script.includes('create table ip ')) throw new Error('File exists');
      await applyRules(path, script);
    };
    await balancer.update();
    expect(written).toHaveLength(1);
    expect(written[0]?.script).toMatch(/^table ip castnet /m);
    expect(written[0]?.script).not.toContain('delete table ip ');
  });

  it('replaces a table that is not ours', async () => {
    const { balancer, sandboxes, written } = balancerOf(['/a'], web('10.0.1.5'));
    const { applyRules } = sandboxes;
    let refused = 0;
    sandboxes.applyRules = async (path, script) => {
      if (!script.includes('delete table ip ')) {
        refused++;
        throw new Error('File exists');
      }
      await applyRules(path, script);
    };
    await balancer.update();
    expect([refused, written.length]).toEqual([2, 1]);
  });

  it('gives a task that joins others connections once it is warm, by itself', async () => {
    const { balancer, written, set } = balancerOf(['/a'], web('10.0.1.5'));
    await balancer.update();
    set(web('10.0.1.5', '10.0.1.6'));
    await balancer.update();
    // Its address may be behind the service already, but no number leads there yet.
    expect(written.at(-1)?.script).not.toContain('ip castnet tasks');
    await vi.advanceTimersByTimeAsync(WARM_MS);
    const { script = '' } = written.at(-1) ?? {};
    expect(script).toMatch(/add element ip castnet tasks \{ \S+ \. 1 : 10\.0\.1\.6 \}/);
    expect(script).toMatch(/add element ip castnet services \{ \S+ : jump one-of-2 \}/);
  });
});

describe('inspect', () => {
  it('writes anew where the rules are gone or empty', async () => {
    const { balancer, written, ruled } = balancerOf(['/a', '/b', '/c'], web('10.0.1.5'));
    await balancer.update();
    ruled.delete('/a');
    ruled.set('/b', 'table ip castnet { }');
    await balancer.inspect();
    expect(
      written
        .slice(3)
        .map((it) => it.path)
        .sort(),
    ).toEqual(['/a', '/b']);
  });

  it('writes anew where a rule was taken away, or another added, since the last look', async () => {
    const { balancer, written, ruled, able } = balancerOf(['/a', '/b'], web('10.0.1.5'));
    able.add('/b');
    await balancer.update();
    await balancer.inspect();
    ruled.set('/b', `${LANDMARK}\naccept`);
    await balancer.inspect();
    expect(written.slice(2).map((it) => it.path)).toEqual(['/b']);
    await balancer.inspect();
    expect(written).toHaveLength(3);
  });

  it('looks each time into those who may change theirs, and at the others in turn', async () => {
    const paths = Array.from({ length: 9 }, (_, at) => `/p${at}`);
    const { balancer, looked, able } = balancerOf(paths, web('10.0.1.5'));
    able.add('/p3');
    await balancer.update();
    for (let turn = 0; turn < 6; turn++) await balancer.inspect();
    expect(looked.filter((it) => it === '/p3')).toHaveLength(6);
    expect(new Set(looked).size).toBe(9);
    expect(looked).toHaveLength(6 + 2 * 4);
  });

  it('looks rarely at those that reach no service and may change nothing', async () => {
    const { balancer, looked, sandboxes } = balancerOf(['/a'], []);
    Object.assign(sandboxes, { untracked: true });
    await balancer.update();
    for (let turn = 0; turn < 13; turn++) await balancer.inspect();
    expect(looked).toEqual(['/a', '/a']);
  });

  it('asks Docker who may in three turns after other containers came, and then in each third', async () => {
    const { balancer, looked, sandboxes, able } = balancerOf(['/a'], web('10.0.1.5'));
    let asked = 0;
    sandboxes.mayChange = async () => {
      asked += 1;
      return new Set(able);
    };
    await balancer.inspect();
    expect(asked, 'nobody has rules').toBe(0);
    await balancer.update();
    for (let turn = 0; turn < 3; turn++) await balancer.inspect();
    expect(asked).toBe(3);
    able.add('/a');
    looked.length = 0;
    for (let turn = 0; turn < 3; turn++) await balancer.inspect();
    expect([asked, looked]).toEqual([4, ['/a', '/a', '/a']]);
  });

  it('looks on when Docker does not say who may', async () => {
    const { balancer, looked, sandboxes } = balancerOf(['/a'], web('10.0.1.5'));
    sandboxes.mayChange = () => Promise.reject(new Error('no answer'));
    await balancer.update();
    await balancer.inspect();
    expect(looked).toEqual(['/a']);
  });
});

it('counts what all containers sent to each task', async () => {
  const { balancer } = balancerOf(['/a', '/bc'], web('10.0.1.5'));
  await balancer.update();
  expect(await balancer.counts()).toEqual([
    { vip: '10.0.1.2', task: '10.0.1.5', connections: 2, packets: 5, bytes: 200 },
  ]);
});

it('counts each container once, though others are looked into meanwhile', async () => {
  const { balancer, sandboxes } = balancerOf(['/a', '/bc'], web('10.0.1.5'));
  await balancer.update();
  const counted = sandboxes.pairCounters as NonNullable<Sandboxes['pairCounters']>;
  sandboxes.pairCounters = async (path, table, set) => {
    if (path === '/bc') await balancer.inspect();
    return counted(path, table, set);
  };
  expect(await balancer.counts()).toMatchObject([{ connections: 2, packets: 5 }]);
});

describe('before a container’s first process', () => {
  /** Rules that wait for their turn in nft until a test lets them go. */
  function held(paths: string[], { prospect = true } = {}) {
    const fake = fakeSandboxes();
    const begun: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { applyRules } = fake.sandboxes;
    const sandboxes: Sandboxes = {
      ...fake.sandboxes,
      applyRules: async (path, script) => {
        begun.push(path);
        if (!path.startsWith('/new')) await gate;
        await applyRules(path, script);
      },
    };
    const world = { known: true };
    const all = () => new Map(paths.map((it) => [it, web('10.0.1.5')] as const));
    const balancer = new Balancer({
      sandboxes,
      desired: () => (world.known ? all() : undefined),
      ...(prospect ? { prospect: all } : {}),
      log,
      now: () => Date.now(),
    });
    return { ...fake, balancer, begun, release, world };
  }

  it('its rules are written before those of others that wait', async () => {
    const others = Array.from({ length: 40 }, (_, at) => `/old${at}`);
    const { balancer, begun, release } = held(['/new', ...others]);
    const round = balancer.update();
    await balancer.prepare('/new');
    expect(begun.indexOf('/new')).toBeLessThan(others.length / 2);
    release();
    await round;
    expect(begun.filter((it) => it === '/new')).toHaveLength(1);
  });

  it('they are written from what is known, while an earlier agent’s rules stay elsewhere', async () => {
    const { balancer, world, written } = held(['/new', '/new-old']);
    world.known = false;
    await balancer.update();
    expect(written).toEqual([]);
    await balancer.prepare('/new');
    expect(written.map((it) => it.path)).toEqual(['/new']);
  });

  it('without a word of what may be known, nothing is written', async () => {
    const { balancer, world, written } = held(['/new'], { prospect: false });
    world.known = false;
    await balancer.prepare('/new');
    expect(written).toEqual([]);
  });

  it('nothing is written for a namespace that no container is in, or after the end', async () => {
    const { balancer, written } = held(['/new']);
    await balancer.prepare('/new-strange');
    balancer.close();
    await balancer.prepare('/new');
    expect(written).toEqual([]);
  });

  it('rules of an earlier agent stay, and a namespace without any gets them', async () => {
    const { balancer, ruled, written, looked } = held(['/new-a', '/new-b', '/new-c']);
    ruled.set('/new-a', LANDMARK).set('/new-c', 'table ip castnet { }');
    for (const it of ['/new-a', '/new-b', '/new-c']) await balancer.prepareIfNone(it);
    expect(written.map((it) => it.path)).toEqual(['/new-b', '/new-c']);
    await balancer.prepareIfNone('/new-b');
    expect(looked).toEqual(['/new-a', '/new-b', '/new-c']);
  });

  it('a namespace that cannot be looked into counts as one without rules', async () => {
    const { balancer, sandboxes, written } = balancerOf(['/a'], web('10.0.1.5'));
    sandboxes.listTables = () => Promise.reject(new Error('no such file'));
    await balancer.prepareIfNone('/a');
    expect(written).toHaveLength(1);
  });
});

describe('what is lacking', () => {
  it('names namespaces that are not there, and since when', async () => {
    const { balancer } = balancerOf(['/gone/a', '/b'], web('10.0.1.5'));
    const since = Date.now();
    await balancer.update();
    vi.advanceTimersByTime(500);
    await balancer.update();
    const reason = 'its network namespace is not at that path';
    expect(balancer.lacking()).toEqual([{ sandbox: '/gone/a', since, reason }]);
  });

  it('says nft’s words until the rules are there', async () => {
    const { balancer, fail } = balancerOf(['/a'], web('10.0.1.5'));
    fail(true);
    await balancer.prepare('/a');
    expect(balancer.lacking()).toMatchObject([{ sandbox: '/a', reason: 'nft says no' }]);
    fail(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(balancer.lacking()).toEqual([]);
  });

  it('holds nothing of a container that has gone, or that reaches no service', async () => {
    const paths = ['/gone/a', '/gone/b'];
    const { balancer, set } = balancerOf(paths, web('10.0.1.5'));
    await balancer.update();
    expect(balancer.lacking()).toHaveLength(2);
    paths.pop();
    await balancer.update();
    expect(balancer.lacking()).toHaveLength(1);
    set([]);
    await balancer.update();
    expect(balancer.lacking()).toEqual([]);
  });
});

describe('a container in whose namespace nft takes long', () => {
  it('delays the rules of no other, nor looks into others, nor what is counted', async () => {
    const paths = ['/slow', '/a', '/b'];
    const { balancer, written, looked, able, ruled, sandboxes, set } = balancerOf(
      paths,
      web('10.0.1.5'),
    );
    await balancer.update();
    const { applyRules, listTables, pairCounters } = sandboxes;
    const never = new Promise<never>(() => {});
    sandboxes.applyRules = (path, script) => (path === '/slow' ? never : applyRules(path, script));
    sandboxes.listTables = (path, table) => (path === '/slow' ? never : listTables(path, table));
    sandboxes.pairCounters = (path, table, name) =>
      path === '/slow' ? never : (pairCounters?.(path, table, name) ?? never);
    const settled = async (work: Promise<unknown>, within: number) => {
      const done = vi.fn();
      void work.then(done);
      await vi.advanceTimersByTimeAsync(within);
      expect(done).toHaveBeenCalled();
    };
    set(web('10.0.1.6'));
    // It is waited for once, and then no more.
    await settled(balancer.update(), 500);
    written.length = 0;
    set(web('10.0.1.7'));
    await settled(balancer.update(), 1);
    expect(written.map((it) => it.path).sort()).toEqual(['/a', '/b']);
    for (const it of paths) able.add(it);
    ruled.delete('/a');
    looked.length = 0;
    await settled(balancer.inspect(), 1);
    expect(looked).toEqual(expect.arrayContaining(['/a', '/b']));
    expect(ruled.has('/a')).toBe(true);
    await settled(balancer.counts(), 1);
  });

  it('is waited for again when it is quick', async () => {
    const { balancer, written, sandboxes, set } = balancerOf(['/slow'], web('10.0.1.5'));
    const { applyRules } = sandboxes;
    sandboxes.applyRules = async (path, script) => {
      await new Promise((resolve) => setTimeout(resolve, 800));
      return applyRules(path, script);
    };
    const first = balancer.update();
    await vi.advanceTimersByTimeAsync(500);
    await first;
    expect(written).toEqual([]);
    sandboxes.applyRules = applyRules;
    await vi.advanceTimersByTimeAsync(300);
    expect(written).toHaveLength(1);
    set(web('10.0.1.6'));
    void balancer.update();
    await vi.waitFor(() => expect(written).toHaveLength(2));
    set(web('10.0.1.7'));
    await balancer.update();
    expect(written).toHaveLength(3);
  });
});

it('a container that put something else in the place of its counters keeps no other from being counted', async () => {
  const { balancer, sandboxes } = balancerOf(['/bad', '/a'], web('10.0.1.5'));
  await balancer.update();
  const { pairCounters } = sandboxes;
  sandboxes.pairCounters = async (path, table, set) => {
    if (path === '/bad') throw new Error('of another form');
    return pairCounters?.(path, table, set) ?? [];
  };
  expect(await balancer.counts()).toMatchObject([{ connections: 1, packets: 2 }]);
});
