import { describe, expect, it } from 'vitest';
import { type HostsKnown, TunnelGuard } from './tunnel-guard.ts';

/** A kernel in memory: the table is the scripts that made it, one after the other. */
function world(before?: { rules: string; hosts?: string[] }) {
  let table = before as { rules: string; hosts?: string[]; elements?: Set<string> } | undefined;
  const written: string[] = [];
  let known: HostsKnown = { named: new Set(), barred: new Set(), complete: false };
  let time = 0;
  let refuse = '';
  let looks = 0;
  let dropped = 0;
  let encrypted: number[] = [];
  const guard = new TunnelGuard({
    port: 4789,
    untracked: true,
    tunnel: () => '10.0.0.1',
    encrypted: () => encrypted,
    hosts: () => known,
    exposed: () => [],
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now: () => time,
    table: {
      read: async () =>
        table && {
          rules: table.rules,
          size: table.elements?.size ?? 0,
          sets: new Map([['hosts4', table.hosts ?? []]]),
          counters: new Map([['not-from-a-host', dropped]]),
        },
      write: async (script) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (refuse !== '') throw new Error(refuse);
        written.push(script);
        const isWhole = script.startsWith('table');
        const elements = new Set(isWhole ? [] : table?.elements);
        for (const [, verb, what = ''] of script.matchAll(/^(add|delete) element (.*)$/gm)) {
          if (verb === 'add') elements.add(what);
          else elements.delete(what);
        }
        const rules = isWhole ? script.replace(/^(add|delete) element.*$/gm, '') : table?.rules;
        table = { rules: rules ?? '', elements };
      },
    },
    readUnderlay: async () => {
      looks += 1;
      return { links: [{ name: 'eth0', addresses: ['10.0.0.1'] }], ways: [], defaults: [] };
    },
  });
  return {
    guard,
    written,
    last: () => written.at(-1) ?? '',
    looks: () => looks,
    know: (named: string[], complete = true, barred: string[] = []) => {
      known = { named: new Set(named), complete, barred: new Set(barred) };
    },
    lose: (rules?: string) => {
      table = rules === undefined ? undefined : { rules };
    },
    drop: (packets: number) => {
      dropped += packets;
    },
    wait: (ms: number) => {
      time += ms;
    },
    encrypt: (...vnis: number[]) => {
      encrypted = vnis;
    },
    refuse: (words: string) => {
      refuse = words;
    },
  };
}

const CHECKED = 'ip saddr != @hosts4';

describe('the guard of the tunnels', () => {
  it('lets a host in by one element, before its caller goes on', async () => {
    const of = world();
    of.know([]);
    await of.guard.loop.request(true);
    expect(of.last()).toContain(CHECKED);
    await of.guard.admit(['10.0.0.2', '10.9.0.2']);
    expect(of.last()).toBe(
      'add element inet castnet hosts4 { 10.0.0.2 }\nadd element inet castnet hosts4 { 10.9.0.2 }\n',
    );
  });

  it('an encrypted network counts as sealed when its rules are in force, and not before', async () => {
    const of = world();
    of.know(['10.0.0.2']);
    await of.guard.loop.request(true);
    of.encrypt(8_000_001);
    of.refuse('nft says no');
    await of.guard.loop.request();
    expect(of.guard.isSealed(8_000_001)).toBe(false);
    of.refuse('');
    await of.guard.loop.request();
    expect(of.guard.isSealed(8_000_001)).toBe(true);
    expect(of.guard.isSealed(8_000_002)).toBe(false);
    of.encrypt();
    await of.guard.loop.request();
    expect(of.guard.isSealed(8_000_001)).toBe(false);
  });

  it('starts no program when no host came or went', async () => {
    const of = world();
    of.know(['10.0.0.2']);
    await of.guard.loop.request(true);
    const looks = of.looks();
    await of.guard.loop.request();
    expect(of.looks()).toBe(looks);
    expect(of.written).toHaveLength(1);
  });

  it('keeps whom the agent before it let in until every host was heard', async () => {
    const of = world({ rules: '"@hosts4"', hosts: ['10.0.0.2', '10.0.0.3'] });
    of.know(['10.0.0.2'], false);
    await of.guard.loop.request(true);
    expect(of.last()).toContain('hosts4 { 10.0.0.3 }');
    of.know(['10.0.0.2']);
    await of.guard.loop.request();
    expect(of.last()).toBe('delete element inet castnet hosts4 { 10.0.0.3 }\n');
  });

  it.each([
    ['there was no table', undefined],
    ['a release without such a list wrote it', { rules: 'old' }],
  ])('checks no address until every host was heard when %s', async (_what, before) => {
    const of = world(before);
    of.know(['10.0.0.2'], false);
    await of.guard.loop.request(true);
    expect(of.last()).not.toContain(CHECKED);
    of.know(['10.0.0.2']);
    await of.guard.loop.request();
    expect(of.last()).toContain(CHECKED);
    expect(of.last()).toContain('hosts4 { 10.0.0.2 }');
  });

  it.each([
    ['is gone', undefined],
    ['holds something else', 'of another port'],
  ])('writes the table anew when it %s', async (_what, content) => {
    const of = world();
    of.know([]);
    await of.guard.loop.request(true);
    of.lose(content);
    await of.guard.loop.request(true);
    expect(of.written).toHaveLength(2);
    await of.guard.loop.request(true);
    expect(of.written).toHaveLength(2);
  });

  it('bars a node that was removed at once, and a host that fell silent only later', async () => {
    const of = world();
    of.know(['10.0.0.2', '10.0.0.3']);
    await of.guard.loop.request(true);
    of.know([], true, ['10.0.0.3']);
    await of.guard.loop.request();
    expect(of.last()).toBe('delete element inet castnet hosts4 { 10.0.0.3 }\n');
    of.wait(700_000);
    await of.guard.loop.request();
    expect(of.last()).toBe('delete element inet castnet hosts4 { 10.0.0.2 }\n');
  });

  it('says that its rules are refused, and tries again', async () => {
    const of = world();
    of.know([]);
    of.refuse('no such file');
    await of.guard.loop.request(true);
    expect(of.guard.loop.problem).toBe('no such file');
    of.refuse('');
    await of.guard.loop.request();
    expect(of.guard.loop.problem).toBe('');
    expect(of.written).toHaveLength(1);
  });

  it('tells of packets that it drops look after look, not of a few at one time', async () => {
    const of = world();
    const look = async (packets: number) => {
      of.wait(20_000);
      of.drop(packets);
      await of.guard.loop.request(true);
      return of.guard.dropping;
    };
    of.know([]);
    await of.guard.loop.request(true);
    expect([await look(0), await look(3), await look(0)]).toEqual(['', '', '']);
    expect([await look(4), await look(1)]).toEqual(['', '8 from an address of no host so far']);
    expect(of.guard.dropped).toEqual({ notByUnderlay: 0, notFromAHost: 8 });
    expect(await look(0)).toBe('');
  });
});
