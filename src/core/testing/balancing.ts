import fc from 'fast-check';
import { TABLE } from '../services/balancing.ts';
import type { Service } from '../services/services.ts';

/** What nft makes of castnet's scripts, as far as services go; it refuses what nft refuses. */
export class Model {
  readonly chains = new Map<string, string[]>();
  readonly services = new Map<string, string>();
  readonly sets = new Map<string, Set<string>>();

  run(script: string): this {
    const lines = script.split('\n');
    const end = lines.indexOf('}');
    // The frame stands at a script's beginning; with it all rules and elements go, chains stay.
    if (end >= 0) this.#reset();
    const rest = lines.slice(end + 1).filter((it) => it !== '' && !/^flush (set|map) /.test(it));
    for (const line of rest) this.#line(line);
    return this;
  }

  #reset(): void {
    for (const name of this.chains.keys()) this.chains.set(name, []);
    this.services.clear();
    for (const set of ['vips', 'idle', 'begun', 'passed']) this.sets.set(set, new Set());
  }

  #line(line: string): void {
    const [, verb, kind, name = '', rest = ''] =
      new RegExp(`^(add|delete|flush) (chain|element|rule) ip ${TABLE} (\\S+) ?(.*)$`).exec(line) ??
      refuse('not a command of ours', line);
    const known = this.chains.get(name);
    if (kind === 'chain' && verb === 'add') this.chains.set(name, known ?? []);
    else if (kind === 'chain' && known === undefined) refuse('no such chain', line);
    else if (verb === 'flush') this.chains.set(name, []);
    else if (kind === 'chain') this.#deleteChain(name, line);
    else if (kind === 'rule') (known ?? refuse('no such chain', line)).push(rest);
    else if (name === 'services') this.#verdict(verb === 'add', rest, line);
    else this.#elements(verb === 'add', { name, rest, line });
  }

  #deleteChain(name: string, line: string): void {
    if ([...this.services.values()].includes(name)) refuse('the chain is in use', line);
    if (this.chains.get(name)?.length !== 0) refuse('the chain is not empty', line);
    this.chains.delete(name);
  }

  #verdict(add: boolean, rest: string, line: string): void {
    const [, vip = '', chain = ''] = /^\{ (\S+) : goto (\S+) \}$/.exec(rest) ?? [];
    if (!this.chains.has(chain)) refuse('no such chain', line);
    if (add === this.services.has(vip)) refuse('the element is there, or is not', line);
    if (add) this.services.set(vip, chain);
    else this.services.delete(vip);
  }

  #elements(add: boolean, { name, rest, line }: { name: string; rest: string; line: string }) {
    const set = this.sets.get(name) ?? refuse('no such set', line);
    const all = rest.slice(2, -2).split(', ');
    if (new Set(all).size !== all.length) refuse('an element twice', line);
    for (const it of all) {
      if (add === set.has(it)) refuse('the element is there, or is not', line);
      if (add) set.add(it);
      else set.delete(it);
    }
  }

  /** Where a new connection to a virtual address may go, by the number that is drawn or without. */
  choices(vip: string): { mod: number; map: Map<number, string>; otherwise?: string | undefined } {
    const rules = this.chains.get(this.services.get(vip) ?? '') ?? [];
    if (rules.length === 0) return { mod: 0, map: new Map() };
    const found = /^dnat to numgen random mod (\d+) map \{ (.*) \}$/.exec(rules[0] as string);
    const pairs = (found?.[2] ?? '').split(', ').map((it) => it.split(' : ') as [string, string]);
    const map = new Map(pairs.map(([at, ip]) => [Number(at), ip]));
    return { mod: Number(found?.[1]), map, otherwise: /^dnat to (.*)$/.exec(rules[1] ?? '')?.[1] };
  }

  /** In an order of its own, so that two can be compared; without chains that nothing leads to. */
  state(): unknown {
    const used = new Set(this.services.values());
    const sorted = (it: Iterable<unknown>) => JSON.stringify([...it].sort());
    return {
      chains: sorted([...this.chains].flatMap((it) => (used.has(it[0]) ? JSON.stringify(it) : []))),
      services: sorted([...this.services].map((it) => JSON.stringify(it))),
      sets: [...this.sets].map(([name, set]) => [name, sorted(set)]),
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
