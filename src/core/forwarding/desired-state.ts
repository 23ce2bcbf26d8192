import type { LocalEndpoint, LocalNetwork } from '../local.ts';
import { type Fact, identity, same } from './facts.ts';
import {
  type ForwardingInput,
  linkFacts,
  localFacts,
  networkMtu,
  outdated,
  type Peer,
  peerParts,
  type Tunnel,
} from './forwarding.ts';

/**
 * Everything the kernel must hold, kept from one call to the next: only what follows from a changed value
 * is computed again. A value counts as changed when it is another object, so whoever changes one must put
 * a new one in its place, as records, networks and endpoints are. With 20 000 containers on 100 hosts a
 * whole computation and comparison takes 150 ms of a core, with the optimising compiler and without; one
 * container's change takes 0.3 ms this way. `core/testing/oracle.ts` computes the whole, for the tests.
 */
export interface DesiredInput extends ForwardingInput {
  /** What an earlier agent left and is to stay for now; it yields to everything else. */
  readonly stale?: readonly Fact[];
}

/** Facts that follow from some values. */
interface Part {
  readonly of: readonly unknown[];
  readonly facts: readonly Fact[];
}

/** What follows from each value of a list alone; the values that stay are not looked at again. */
interface List {
  /** Beside the value; when it changes, all is another. */
  readonly of: readonly unknown[];
  readonly values: readonly unknown[];
  readonly parts: Map<unknown, Part>;
}

/** Parts that one part of the input asks for; looked at only when `of` changed. */
interface Source {
  readonly of: readonly unknown[];
  readonly parts: ReadonlyMap<string, Part>;
  readonly lists: ReadonlyMap<string, List>;
}

/** Who comes first when two want different things of one entry. */
const RANK = { own: 0, peer: 1, stale: 2 } as const;

interface From {
  readonly rank: number;
  /** The peer's tunnel address; empty for what is not a peer's. */
  readonly by: string;
}

interface Claim {
  readonly fact: Fact;
  readonly from: From;
}

const OWN: From = { rank: RANK.own, by: '' };

interface Ask {
  /** Facts that follow from `of`. */
  part(key: string, of: readonly unknown[], make: () => readonly Fact[]): void;
  /** Facts that follow from `of` and each of some values. */
  list(
    key: string,
    of: readonly unknown[],
    from: { readonly values: readonly unknown[]; readonly facts: (value: unknown) => Fact[] },
  ): void;
}

export class DesiredState {
  /** By identity, those that come first at the front; bounded by what the input asks for. */
  readonly #claims = new Map<string, Claim[]>();
  readonly #sources = new Map<string, Source>();
  readonly #touched = new Set<string>();
  /** Identities of which two peers, or a peer and this host, want different things. */
  readonly #contested = new Set<string>();

  /** Takes what is so now. */
  update({ tunnel, networks, endpoints, peers, sizes, stale = [] }: DesiredInput): void {
    const nets = [...networks];
    const ends = [...endpoints];
    const where = [...placeOf(tunnel), ...nets.map((it) => sizes?.get(it.id))];
    const seen = new Set<string>();
    const source = (name: string, from: From, of: readonly unknown[], ask: (ask: Ask) => void) => {
      seen.add(name);
      this.#updateSource(name, from, of, ask);
    };
    source('links', OWN, [...where, ...nets], askLinks(nets, tunnel, sizes));
    const place = [...placeOf(tunnel), ...nets, ...ends];
    source('endpoints', OWN, place, askEndpoints(nets, ends, tunnel));
    const others = new Map<string, number>();
    for (const peer of peers) {
      if (peer.tunnel === tunnel.address) continue;
      const nth = (others.get(peer.tunnel) ?? 0) + 1;
      others.set(peer.tunnel, nth);
      const from = { rank: RANK.peer, by: peer.tunnel };
      const of = [peer.networks, peer.wireguard !== undefined, ...nets];
      source(`peer ${peer.tunnel} ${nth}`, from, of, askPeer(nets, peer));
    }
    if (stale.length > 0) {
      const from = { rank: RANK.stale, by: '' };
      source('stale', from, [stale], (ask) => ask.part('all', [stale], () => stale));
    }
    for (const [name, { parts, lists }] of this.#sources) {
      if (seen.has(name)) continue;
      for (const part of parts.values()) this.#release(part);
      for (const list of lists.values()) this.#releaseAll(list);
      this.#sources.delete(name);
    }
  }

  /**
   * The fact with this identity. Of peers that want different things of it, the one whose word is
   * in force keeps it: who comes later takes no address from another.
   * @param inForce what the kernel has
   */
  get(key: string, inForce?: Fact): Fact | undefined {
    const claims = this.#claims.get(key);
    const [first] = claims ?? [];
    if (first?.from.rank !== RANK.peer || inForce === undefined) return first?.fact;
    const held = claims?.find((it) => it.from.rank === RANK.peer && same(it.fact, inForce));
    return held?.fact ?? first.fact;
  }

  keys(): IterableIterator<string> {
    return this.#claims.keys();
  }

  /** The identities whose fact may be another than when this was last called. */
  takeTouched(): string[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** What several want differently, with the tunnel addresses of those that do; '' is this host. */
  contested(): { key: string; claims: { fact: Fact; by: string }[] }[] {
    return [...this.#contested].sort().map((key) => {
      const claims = (this.#claims.get(key) ?? []).filter((it) => it.from.rank !== RANK.stale);
      return { key, claims: claims.map(({ fact, from }) => ({ fact, by: from.by })) };
    });
  }

  #updateSource(name: string, from: From, of: readonly unknown[], ask: (ask: Ask) => void): void {
    const before = this.#sources.get(name);
    if (before !== undefined && sameList(before.of, of)) return;
    const parts = new Map<string, Part>();
    const lists = new Map<string, List>();
    const fresh: Part[] = [];
    ask({
      part: (key, values, make) => {
        const old = before?.parts.get(key);
        const isOld = old !== undefined && sameList(old.of, values);
        const part = isOld ? old : { of: values, facts: make() };
        parts.set(key, part);
        if (!isOld) fresh.push(part);
      },
      list: (key, values, wanted) => {
        const old = before?.lists.get(key);
        const isOld = old !== undefined && sameList(old.of, values);
        lists.set(key, this.#updateList(isOld ? old : undefined, values, { ...wanted, fresh }));
      },
    });
    for (const [key, part] of before?.parts ?? []) {
      if (parts.get(key) !== part) this.#release(part);
    }
    for (const [key, list] of before?.lists ?? []) {
      if (lists.get(key)?.parts !== list.parts) this.#releaseAll(list);
    }
    for (const part of fresh) this.#claim(from, part);
    this.#sources.set(name, { of, parts, lists });
  }

  /**
   * A list as it is now: hundreds of groups, of which one is another. What has gone of it is released.
   * @param options.fresh takes the parts that came
   */
  #updateList(
    before: List | undefined,
    of: readonly unknown[],
    options: {
      readonly values: readonly unknown[];
      readonly facts: (value: unknown) => Fact[];
      readonly fresh: Part[];
    },
  ): List {
    const { values, facts, fresh } = options;
    if (before?.values === values) return before;
    const parts = before?.parts ?? new Map<unknown, Part>();
    const here = new Set(values);
    for (const [value, part] of parts) {
      if (here.has(value)) continue;
      this.#release(part);
      parts.delete(value);
    }
    for (const value of here) {
      if (parts.has(value)) continue;
      const part = { of, facts: facts(value) };
      parts.set(value, part);
      fresh.push(part);
    }
    return { of, values, parts };
  }

  #releaseAll({ parts }: List): void {
    for (const part of parts.values()) this.#release(part);
  }

  #claim(from: From, { facts }: Part): void {
    for (const fact of facts) {
      const key = identity(fact);
      const claims = this.#claims.get(key);
      if (claims === undefined) this.#claims.set(key, [{ fact, from }]);
      else {
        const at = claims.findIndex((it) => comesBefore(from, it.from));
        claims.splice(at < 0 ? claims.length : at, 0, { fact, from });
      }
      this.#touch(key, fact);
    }
  }

  #release({ facts }: Part): void {
    for (const fact of facts) {
      const key = identity(fact);
      const claims = this.#claims.get(key) ?? [];
      const at = claims.findIndex((it) => it.fact === fact);
      if (at >= 0) claims.splice(at, 1);
      if (claims.length === 0) this.#claims.delete(key);
      this.#touch(key, fact);
    }
  }

  #touch(key: string, { kind }: Fact): void {
    this.#touched.add(key);
    // Of the other kinds, those with one identity say the same.
    if (kind !== 'route' && kind !== 'station' && kind !== 'neighbour') return;
    const claims = this.#claims.get(key) ?? [];
    const [first] = claims;
    const differ = ({ fact, from }: Claim): boolean =>
      from.rank !== RANK.stale && first !== undefined && !same(fact, first.fact);
    if (claims.length > 1 && claims.some(differ)) this.#contested.add(key);
    else this.#contested.delete(key);
  }
}

const comesBefore = (a: From, b: From): boolean =>
  a.rank === b.rank ? a.by < b.by : a.rank < b.rank;

const placeOf = (it: Tunnel): unknown[] => [it.address, it.local, it.port, it.mtu];

const askLinks =
  (nets: readonly LocalNetwork[], tunnel: Tunnel, sizes: DesiredInput['sizes']) =>
  (ask: Ask): void => {
    for (const it of nets) {
      const size = sizes?.get(it.id);
      ask.part(it.id, [it, size, ...placeOf(tunnel)], () => linkFacts(it, tunnel, size));
    }
  };

const askEndpoints =
  (nets: readonly LocalNetwork[], ends: readonly LocalEndpoint[], tunnel: Tunnel) =>
  (ask: Ask): void => {
    const byId = new Map(nets.map((it) => [it.id, it]));
    const old = outdated(ends);
    for (const it of ends) {
      const network = byId.get(it.network);
      if (network === undefined) continue;
      const of = {
        isOutdated: old.has(it.id),
        mtu: it.exposed === undefined ? 0 : networkMtu(network, tunnel),
      };
      ask.part(it.id, [it, network, of.isOutdated, of.mtu], () => localFacts(network, it, of));
    }
  };

const askPeer =
  (nets: readonly LocalNetwork[], peer: Peer) =>
  (ask: Ask): void => {
    for (const it of nets) {
      for (const { key, ...from } of peerParts(it, peer)) ask.list(`${it.id} ${key}`, [it], from);
    }
  };

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((it, at) => it === b[at]);
