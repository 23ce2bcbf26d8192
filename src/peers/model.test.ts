import fc from 'fast-check';
import { expect, it } from 'vitest';
import { difference } from '../core/difference.ts';
import type { Fact } from '../core/facts.ts';
import { desiredFacts } from '../core/forwarding.ts';
import type { LocalNetwork } from '../core/local.ts';
import type { EndpointRecord, GroupRecord, HostRecord, NetworkRecord } from '../core/records.ts';
import { macOfIpv4 } from '../net/mac.ts';
import type { NetworkMessage } from './messages.ts';
import { Mirror } from './mirror.ts';
import { Published } from './published.ts';

/**
 * A whole Swarm in memory: hosts whose containers and groups change, sessions that lose, repeat and
 * swap messages or break, agents that restart. Whenever it grows quiet, every host must want of its
 * kernel exactly what follows from the truth about all hosts.
 */

const NETWORKS: LocalNetwork[] = ['net-a', 'net-b'].map((id, i) => ({
  id,
  vni: 8_000_001 + i,
  options: {},
}));
const GROUPS = ['239.1.1.1', '224.129.1.1', '239.2.2.2', 'ff02::fb'];

interface Contents {
  readonly endpoints: Map<string, EndpointRecord>;
  readonly groups: Map<string, GroupRecord>;
}

class Host {
  readonly address: string;
  readonly contents = new Map<string, Contents>();
  readonly mirrors = new Map<Host, Mirror>();
  /** Messages under way to this host, by their sender, oldest first. */
  readonly queues = new Map<Host, NetworkMessage[]>();
  published: Published;
  #epoch = 0;

  constructor(index: number) {
    this.address = `10.9.0.${index + 1}`;
    this.published = this.#newlyPublished();
  }

  #newlyPublished(): Published {
    this.#epoch += 1;
    return new Published(`${this.address}-${this.#epoch}`, this.address);
  }

  restart(): void {
    this.published = this.#newlyPublished();
    this.published.update(this.record());
  }

  record(): HostRecord {
    const networks = [...this.contents].map(([id, { endpoints, groups }]) => {
      const vni = NETWORKS.find((it) => it.id === id)?.vni as number;
      const record: NetworkRecord = {
        vni,
        endpoints: [...endpoints.values()],
        groups: [...groups.values()],
      };
      return [id, record] as const;
    });
    return { node: this.address, tunnel: this.address, networks: new Map(networks) };
  }

  facts(peers: { tunnel: string; networks: ReadonlyMap<string, NetworkRecord> }[]): Fact[] {
    return desiredFacts({
      tunnel: { address: this.address, port: 4789, mtu: 1450 },
      networks: NETWORKS.filter((it) => this.contents.has(it.id)),
      endpoints: [],
      peers,
    });
  }
}

class Swarm {
  readonly hosts: Host[];

  constructor(size: number) {
    this.hosts = Array.from({ length: size }, (_, i) => new Host(i));
    for (const host of this.hosts) {
      host.published.update(host.record());
      for (const peer of this.#others(host)) {
        host.mirrors.set(peer, new Mirror());
        host.queues.set(peer, []);
      }
    }
  }

  #others(host: Host): Host[] {
    return this.hosts.filter((it) => it !== host);
  }

  host(index: number): Host {
    return this.hosts[index % this.hosts.length] as Host;
  }

  /** After a change on a host: what it says to those that want it. */
  tell(host: Host): void {
    const { messages } = host.published.update(host.record());
    for (const peer of this.#others(host)) {
      const wanted = new Set(peer.contents.keys());
      const news = [...messages.values()].filter((it) => wanted.has(it.network));
      peer.queues.get(host)?.push(...news);
    }
  }

  /** A host wants other networks than before: it is told of each that is new to it. */
  want(host: Host, fresh: readonly string[]): void {
    for (const [peer, mirror] of host.mirrors) {
      mirror.setWanted(new Set(host.contents.keys()));
      host.queues.get(peer)?.push(...fresh.map((it) => peer.published.current(it)));
    }
  }

  /** The session ends, with all that was under way, and begins anew. */
  breakSession(host: Host, peer: Host): void {
    const all = [...host.contents.keys()].map((it) => peer.published.current(it));
    host.queues.set(peer, all);
  }

  restart(host: Host): void {
    host.restart();
    for (const peer of this.#others(host)) this.breakSession(peer, host);
    for (const peer of this.#others(host)) {
      const mirror = new Mirror();
      mirror.setWanted(new Set(host.contents.keys()));
      host.mirrors.set(peer, mirror);
      this.breakSession(host, peer);
    }
  }

  deliver(host: Host, peer: Host): void {
    const message = host.queues.get(peer)?.shift();
    if (message === undefined) return;
    const outcome = host.mirrors.get(peer)?.hear(message);
    if (outcome?.do === 'resync') {
      host.queues.get(peer)?.push(peer.published.current(message.network));
    }
    expect(outcome?.do).not.toBe('refused');
  }

  settle(): void {
    for (const host of this.hosts) {
      for (const [peer, queue] of host.queues) while (queue.length > 0) this.deliver(host, peer);
    }
  }

  /** Whether every host wants what the truth asks for. */
  check(): void {
    for (const host of this.hosts) {
      const heard = [...host.mirrors].map(([peer, mirror]) => ({
        tunnel: peer.address,
        networks: mirror.networks,
      }));
      const truth = this.#others(host).map((it) => ({
        tunnel: it.address,
        networks: it.record().networks,
      }));
      expect(difference(host.facts(heard), host.facts(truth))).toEqual([]);
    }
  }
}

type Event = (swarm: Swarm) => void;

const index = fc.nat({ max: 49 });
const network = fc.constantFrom(...NETWORKS.map((it) => it.id));

const joinNetwork = fc.tuple(index, network).map(
  ([i, id]): Event =>
    (swarm) => {
      const host = swarm.host(i);
      if (host.contents.has(id)) return;
      host.contents.set(id, { endpoints: new Map(), groups: new Map() });
      swarm.want(host, [id]);
      swarm.tell(host);
    },
);

const leaveNetwork = fc.tuple(index, network).map(
  ([i, id]): Event =>
    (swarm) => {
      const host = swarm.host(i);
      host.contents.delete(id);
      swarm.want(host, []);
      swarm.tell(host);
    },
);

const toggleEndpoint = fc.tuple(index, network, fc.nat({ max: 4 })).map(
  ([i, id, n]): Event =>
    (swarm) => {
      const host = swarm.host(i);
      const ip = `10.0.${i % swarm.hosts.length}.${n + 2}`;
      const endpoint = { id: `e-${ip}`, ip, mac: macOfIpv4(ip) };
      const endpoints = host.contents.get(id)?.endpoints;
      if (endpoints?.delete(endpoint.id) === false) endpoints.set(endpoint.id, endpoint);
      swarm.tell(host);
    },
);

const toggleGroup = fc.tuple(index, network, fc.constantFrom(...GROUPS), fc.boolean()).map(
  ([i, id, group, one]): Event =>
    (swarm) => {
      const host = swarm.host(i);
      const record: GroupRecord = one
        ? { group, mode: 'include', sources: ['10.0.0.9'] }
        : { group, mode: 'exclude', sources: [] };
      const groups = host.contents.get(id)?.groups;
      if (groups?.delete(group) === false) groups.set(group, record);
      swarm.tell(host);
    },
);

const pair = (work: (swarm: Swarm, host: Host, peer: Host) => void) =>
  fc.tuple(index, index).map(
    ([i, j]): Event =>
      (swarm) => {
        const [host, peer] = [swarm.host(i), swarm.host(j)];
        if (host !== peer) work(swarm, host, peer);
      },
  );

const deliver = pair((swarm, host, peer) => swarm.deliver(host, peer));
const breakSession = pair((swarm, host, peer) => swarm.breakSession(host, peer));
const lose = pair((_, host, peer) => void host.queues.get(peer)?.shift());
const repeat = pair((_, host, peer) => {
  const queue = host.queues.get(peer);
  if (queue?.[0] !== undefined) queue.unshift(queue[0]);
});
const restart = index.map(
  (i): Event =>
    (swarm) =>
      swarm.restart(swarm.host(i)),
);

/** A change of a host whose news got lost for good must be found at the next news: by number. */
const touch: Event = (swarm) => {
  for (const host of swarm.hosts) {
    for (const peer of host.mirrors.keys()) swarm.breakSession(host, peer);
  }
};

const events = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: joinNetwork },
    { weight: 1, arbitrary: leaveNetwork },
    { weight: 5, arbitrary: toggleEndpoint },
    { weight: 5, arbitrary: toggleGroup },
    { weight: 6, arbitrary: deliver },
    { weight: 1, arbitrary: breakSession },
    { weight: 1, arbitrary: repeat },
    { weight: 1, arbitrary: restart },
  ),
  { maxLength: 80, size: 'max' },
);

it('once it is quiet, every host forwards as the truth about all hosts asks', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), events, (size, script) => {
      const swarm = new Swarm(size);
      for (const event of script) event(swarm);
      swarm.settle();
      swarm.check();
    }),
    { numRuns: 600 },
  );
});

it('so it is with 50 hosts', () => {
  fc.assert(
    fc.property(events, (script) => {
      const swarm = new Swarm(50);
      for (const event of script) event(swarm);
      swarm.settle();
      swarm.check();
    }),
    { numRuns: 30 },
  );
});

it('messages lost within a session are noticed, and new sessions put everything right', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.array(fc.oneof(events, fc.array(lose, { maxLength: 5 })), { maxLength: 4 }),
      (size, scripts) => {
        const swarm = new Swarm(size);
        for (const event of scripts.flat()) event(swarm);
        touch(swarm);
        swarm.settle();
        swarm.check();
      },
    ),
    { numRuns: 300 },
  );
});
