import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Model, services } from '../testing/balancing.ts';
import { LANDMARK, newTable, tableChanges, wholeTable } from './balancing.ts';
import type { Service } from './services.ts';

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
      const served = all.filter((it) => it.serving.length > 0).map((it) => it.vip);
      expect([...model.elements('services').keys()].sort()).toEqual(served.sort());
      expect([...model.elements('vips').keys()].sort()).toEqual(all.map((it) => it.vip).sort());
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

const allPairs = (of: readonly Service[]): string[] =>
  of
    .flatMap(({ vip, serving, draining }) =>
      [...serving, ...draining].map((ip) => `${vip} . ${ip}`),
    )
    .sort();

it('lets the connections of exactly the serving and the draining tasks pass, once begun', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(newTable(before)).use(before);
      model.run(tableChanges(before, after));
      expect(model.passing()).toEqual(allPairs(after));
    }),
  );
});

it('lets them pass too when a table takes the place of another, whatever was in that', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(newTable(before)).use(before);
      expect(model.run(wholeTable(after)).passing()).toEqual(allPairs(after));
      expect(new Model().run(wholeTable(after)).passing()).toEqual(allPairs(after));
    }),
  );
});

it('counts what is in use only, and forgets the counts of what is gone', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(newTable(before)).run(tableChanges(before, after));
      for (const it of ['begun', 'sent']) expect(model.elements(it).size).toBe(0);
    }),
  );
});

it('refuses at once exactly what no task serves', () => {
  fc.assert(
    fc.property(services, services, (before, after) => {
      const model = new Model().run(wholeTable(before)).run(tableChanges(before, after));
      const idle = after.filter((it) => it.serving.length === 0).map((it) => it.vip);
      expect([...model.elements('idle').keys()].sort()).toEqual(idle.sort());
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

const db = { name: 'db', vip: '10.0.1.3', serving: ['10.0.1.9'], draining: [] };
const web = { name: 'web', vip: '10.0.1.2', serving: ['10.0.1.5', '10.0.1.6'], draining: [] };

it('touches only the service that changed, and no pair of a task that stays', () => {
  const less = { ...web, serving: ['10.0.1.5'], draining: ['10.0.1.6'] };
  const none = { ...db, serving: [], draining: ['10.0.1.9'] };
  expect(tableChanges([web, none], [less, none])).toBe(
    [
      'add chain ip castnet one-of-1',
      'add rule ip castnet one-of-1 dnat to ip daddr . numgen random mod 1 map @tasks',
      'delete element ip castnet tasks { 10.0.1.2 . 1 : 10.0.1.6 }',
      'delete element ip castnet services { 10.0.1.2 : jump one-of-2 }',
      'add element ip castnet services { 10.0.1.2 : jump one-of-1 }',
      'flush chain ip castnet one-of-2',
      'delete chain ip castnet one-of-2',
      '',
    ].join('\n'),
  );
});

it('changes no rule when another task takes the place of one, and forgets its counts', () => {
  const other = { ...web, serving: ['10.0.1.4', '10.0.1.6'] };
  expect(tableChanges([web, db], [other, db])).toBe(
    [
      'delete element ip castnet tasks { 10.0.1.2 . 0 : 10.0.1.5 }',
      'add element ip castnet tasks { 10.0.1.2 . 0 : 10.0.1.4 }',
      'add element ip castnet pairs { 10.0.1.2 . 10.0.1.4 }',
      'add element ip castnet pairs { 10.0.1.2 . 10.0.1.5 }',
      'delete element ip castnet pairs { 10.0.1.2 . 10.0.1.5 }',
      'add element ip castnet begun { 10.0.1.2 . 10.0.1.5 }',
      'delete element ip castnet begun { 10.0.1.2 . 10.0.1.5 }',
      'add element ip castnet sent { 10.0.1.2 . 10.0.1.5 }',
      'delete element ip castnet sent { 10.0.1.2 . 10.0.1.5 }',
      '',
    ].join('\n'),
  );
});

it('has another task for a packet that finds none by its number, after the rule for all', () => {
  const lines = wholeTable([]).split('\n');
  const at = lines.findIndex((it) => it.includes(LANDMARK));
  expect(lines[at + 1]).toBe('    dnat to ip daddr . numgen random mod 1 map @tasks');
});

it('writes no pair of service and task for a container that has begun no connection', () => {
  expect(newTable([web, db])).not.toContain('element ip castnet pairs');
  const taken = { ...db, serving: [db.vip] };
  expect(newTable([web, taken])).toContain(
    'add element ip castnet pairs { 10.0.1.3 . 10.0.1.3 }\n',
  );
});

it('holds the rule by which it is known to be in force', () => {
  expect(wholeTable([]).split(LANDMARK)).toHaveLength(2);
});

it('has the kernel make no room beforehand for what rules add', () => {
  expect(wholeTable([])).not.toContain('size');
});

it('keeps each set and map, in which a packet may be looking, when it is written whole', () => {
  expect(wholeTable([web, db])).not.toMatch(/^delete (set|map|table)/m);
});
