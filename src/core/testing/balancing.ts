import fc from 'fast-check';
import { TABLE } from '../services/balancing.ts';
import type { Service } from '../services/services.ts';

/** What nft makes of castnet's scripts, as far as services go; it refuses what nft refuses. */
export class Model {
  readonly chains = new Map<string, string[]>();
  /** Elements of sets and maps; of a set their values are empty. */
  readonly sets = new Map<string, Map<string, string>>();

  run(script: string): this {
    const lines = script.split('\n');
    const end = lines.lastIndexOf('}');
    // The frame stands at a script's beginning; with it all rules go, chains and sets stay.
    if (end >= 0) this.#frame();
    for (const line of lines.slice(end + 1)) if (line !== '') this.#line(line);
    return this;
  }

  /** Of a set or map. */
  elements(name: string): ReadonlyMap<string, string> {
    return this.sets.get(name) ?? new Map();
  }

  #frame(): void {
    for (const name of this.chains.keys()) this.chains.set(name, []);
    for (const it of ['services', 'tasks', 'vips', 'idle', 'pairs', 'begun', 'sent']) {
      if (!this.sets.has(it)) this.sets.set(it, new Map());
    }
  }

  /** The rules see connections to each task, of which some are draining since. */
  use(services: readonly Service[]): this {
    for (const { vip, serving, draining } of services) {
      for (const it of ['begun', 'sent']) {
        for (const ip of [...serving, ...draining]) this.sets.get(it)?.set(`${vip} . ${ip}`, '');
      }
    }
    return this;
  }

  /** The pairs whose connections pass once they have begun. */
  passing(): string[] {
    return [...new Set(['pairs', 'sent'].flatMap((it) => [...this.elements(it).keys()]))].sort();
  }

  #line(line: string): void {
    const [, verb, kind, name = '', rest = ''] =
      new RegExp(`^(add|delete|flush) (chain|element|rule|map|set) ip ${TABLE} (\\S+) ?(.*)$`).exec(
        line,
      ) ?? refuse('not a command of ours', line);
    const known = this.chains.get(name);
    if (kind === 'map' || kind === 'set') this.sets.set(name, new Map());
    else if (kind === 'chain' && verb === 'add') this.chains.set(name, known ?? []);
    else if (kind === 'chain' && known === undefined) refuse('no such chain', line);
    else if (verb === 'flush') this.chains.set(name, []);
    else if (kind === 'chain') this.#deleteChain(name, line);
    else if (kind === 'rule') (known ?? refuse('no such chain', line)).push(rest);
    else this.#elements(verb === 'add', { name, rest, line });
  }

  #deleteChain(name: string, line: string): void {
    const verdicts = [...this.elements('services').values()];
    if (verdicts.includes(`jump ${name}`)) refuse('the chain is in use', line);
    if (this.chains.get(name)?.length !== 0) refuse('the chain is not empty', line);
    this.chains.delete(name);
  }

  #elements(add: boolean, { name, rest, line }: { name: string; rest: string; line: string }) {
    const set = this.sets.get(name) ?? refuse('no such set', line);
    const all = rest.slice(2, -2).split(', ');
    for (const it of all) {
      const [key = '', value = ''] = it.split(' : ');
      if (!add && !set.has(key)) refuse('the element is not there', line);
      if (set.has(key) && set.get(key) !== value) refuse('the element has another value', line);
      const chain = /^jump (\S+)$/.exec(value)?.[1];
      if (chain !== undefined && !this.chains.has(chain)) refuse('no such chain', line);
      if (add) set.set(key, value);
      else set.delete(key);
    }
  }

  /** Where a new connection to a virtual address may go, by the number that is drawn or without. */
  choices(vip: string): { mod: number; map: Map<number, string>; otherwise?: string | undefined } {
    const name = /^jump (\S+)$/.exec(this.elements('services').get(vip) ?? '')?.[1] ?? '';
    const [rule = '', ...others] = this.chains.get(name) ?? [];
    if (others.length > 0) refuse('more than one rule', name);
    const mod = Number(
      /^dnat to ip daddr \. numgen random mod (\d+) map @tasks$/.exec(rule)?.[1] ?? 0,
    );
    const mine = [...this.elements('tasks')].filter(([key]) => key.startsWith(`${vip} . `));
    const map = new Map(mine.map(([key, ip]) => [Number(key.split(' . ')[1]), ip]));
    return { mod, map, otherwise: map.get(0) };
  }

  /** In an order of its own, so that two can be compared; without chains that nothing leads to. */
  state(): unknown {
    const used = new Set([...this.elements('services').values()].map((it) => it.slice(5)));
    const sorted = (it: Iterable<unknown>) => [...it].map((each) => JSON.stringify(each)).sort();
    return {
      chains: sorted([...this.chains].filter(([name]) => used.has(name))),
      sets: [...this.sets].map(([name, elements]) => [name, sorted(elements)]),
    };
  }
}

function refuse(why: string, line: string): never {
  throw new Error(`${why}: ${line}`);
}

const task = fc.integer({ min: 100, max: 130 }).map((it) => `10.0.1.${it}`);

/** Services as the core makes them: addresses of their own, sorted, no task twice in one. */
export const services: fc.Arbitrary<Service[]> = fc
  .uniqueArray(fc.integer({ min: 2, max: 12 }), { maxLength: 8 })
  .chain((vips) =>
    fc.tuple(
      ...vips.sort().map((it) =>
        fc
          .tuple(fc.uniqueArray(task, { maxLength: 12 }), fc.uniqueArray(task, { maxLength: 3 }))
          .map(([serving, draining]) => ({
            name: `s${it}`,
            vip: `10.0.1.${it}`,
            serving: serving.sort(),
            draining: draining.filter((ip) => !serving.includes(ip)).sort(),
          })),
      ),
    ),
  );
