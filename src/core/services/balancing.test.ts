import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Model, services } from '../testing/balancing.ts';
import { LANDMARK, tableChanges, wholeTable } from './balancing.ts';

it('leads from any table to any other: the same as writing it whole', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const changed = new Model().run(wholeTable(before)).run(tableChanges(before, after));
      expect(changed.state()).toEqual(new Model().run(wholeTable(after)).state());
    }),
  );
});

it('takes the place of whatever an earlier agent wrote', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const again = new Model().run(wholeTable(before)).run(wholeTable(after));
      expect(again.state()).toEqual(new Model().run(wholeTable(after)).state());
    }),
  );
});

it('chooses each serving task with one number, without a gap, a repeat or a stranger', () => {
  fc.assert(
    fc.property(services, (all) => {
      const model = new Model().run(wholeTable(all));
      expect([...model.services.keys()].sort()).toEqual(all.map((it) => it.vip).sort());
      for (const { vip, serving } of all) {
        const { mod, map, otherwise } = model.choices(vip);
        expect(mod).toBe(serving.length);
        expect([...map.keys()]).toEqual(serving.map((_, at) => at));
        expect([...map.values()]).toEqual(serving);
        expect(otherwise).toBe(serving[0]);
      }
    }),
  );
});

it('lets the connections of exactly the serving and the draining tasks pass', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(wholeTable(before)).run(tableChanges(before, after));
      const pairs = after.flatMap(({ vip, serving, draining }) =>
        [...serving, ...draining].map((ip) => `${vip} . ${ip}`),
      );
      expect([...(model.sets.get('passed') ?? [])].sort()).toEqual(pairs.sort());
      expect(model.sets.get('begun') ?? new Set()).toEqual(new Set());
    }),
  );
});

it('refuses at once exactly what no task serves', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(wholeTable(before)).run(tableChanges(before, after));
      const idle = after.filter((it) => it.serving.length === 0).map((it) => it.vip);
      expect([...(model.sets.get('idle') ?? [])].sort()).toEqual(idle.sort());
    }),
  );
});

it('changes nothing when nothing differs, and says equal things equally', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      expect(tableChanges(after, structuredClone(after))).toBe('');
      expect(tableChanges(before, after)).toBe(tableChanges(structuredClone(before), after));
      expect(wholeTable(after)).toBe(wholeTable(structuredClone(after)));
    }),
  );
});

it('touches only the service that changed, and keeps the counters of tasks that stay', () => {
  const other = { name: 'db', vip: '10.0.1.3', serving: ['10.0.1.9'], draining: [] };
  const web = { name: 'web', vip: '10.0.1.2', serving: ['10.0.1.5', '10.0.1.6'], draining: [] };
  const less = { ...web, serving: ['10.0.1.5'], draining: ['10.0.1.6'] };
  expect(tableChanges([web, other], [less, other])).toBe(
    [
      'flush chain ip castnet vip-10-0-1-2',
      'add rule ip castnet vip-10-0-1-2 dnat to numgen random mod 1 map { 0 : 10.0.1.5 }',
      'add rule ip castnet vip-10-0-1-2 dnat to 10.0.1.5',
      '',
    ].join('\n'),
  );
});

it('holds the rule by which it is known to be in force', () => {
  expect(wholeTable([]).split(LANDMARK)).toHaveLength(2);
});

it('has no set that the kernel makes room for beforehand', () => {
  expect(wholeTable([])).not.toContain('size');
});
