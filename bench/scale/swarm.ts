/** A Swarm of simulated hosts: real publishers and subscribers, real records, time that is counted. */

import { DesiredState } from '../../src/core/forwarding/desired-state.ts';
import type { Fact } from '../../src/core/forwarding/facts.ts';
import type { HostRecord, NetworkRecord } from '../../src/core/records.ts';
import { macOfIpv4 } from '../../src/net/mac.ts';
import type { Credentials } from '../../src/peers/credentials.ts';
import { silentLog } from '../../src/peers/log.ts';
import { createPublisher, type Publisher } from '../../src/peers/publisher.ts';
import { createSubscriber, type Subscriber } from '../../src/peers/subscriber.ts';
import { Clock } from './clock.ts';
import { MemoryNet } from './memory-net.ts';

/** Each host has 10 containers on each of two networks, and 100 hosts share a network. */
export const PER_NETWORK = 100;
export const CONTAINERS = 10;

const credentials: Credentials = {
  kind: 'psk',
  node: undefined,
  certificate: undefined,
  serverOptions: () => ({}),
  clientOptions: () => ({}),
  identify: () => ({ ok: true, node: undefined, manager: true }),
  refresh: async () => false,
  onChange: () => () => {},
  close() {},
};

export const networkName = (n: number): string => `network${n}`.padEnd(25, '0');
export const vni = (n: number): number => 8_000_001 + n;
export const endpoint = (network: number, n: number) => {
  const ip = `10.${network}.${n >> 8}.${n & 255}`;
  return { id: `${network}x${n}`.padStart(64, '0'), ip, mac: macOfIpv4(ip) };
};

/** What a host has of a network: containers, and one group of 100 that the network has. */
export function contents(network: number, host: number, more = 0): NetworkRecord {
  const ends = Array.from({ length: CONTAINERS }, (_, i) => endpoint(network, host * 16 + i));
  for (let i = 0; i < more; i++) ends.push(endpoint(network, host * 16 + CONTAINERS + i));
  const group = `239.${network}.${host % 100}.1`;
  return { vni: vni(network), endpoints: ends, groups: [{ group, mode: 'exclude', sources: [] }] };
}

class Host {
  readonly index: number;
  readonly address: string;
  readonly networks: readonly number[];
  publisher: Publisher | undefined;
  readonly peers = new Map<number, Subscriber>();
  more = 0;

  constructor(index: number, networks: readonly number[]) {
    this.index = index;
    this.address = `10.200.${index >> 8}.${index & 255}`;
    this.networks = networks;
  }

  record(): HostRecord {
    const [first] = this.networks;
    const networks = this.networks.map(
      (it) => [networkName(it), contents(it, this.index, it === first ? this.more : 0)] as const,
    );
    return { node: this.address, tunnel: this.address, networks: new Map(networks) };
  }
}

export class ScaleSwarm {
  readonly clock = new Clock();
  readonly net = new MemoryNet(this.clock);
  readonly hosts: readonly Host[];
  readonly #giveBack: () => void;
  #stale = 0;

  constructor(size: number) {
    const networks = Math.max(1, Math.round((2 * size) / PER_NETWORK));
    this.hosts = Array.from({ length: size }, (_, i) => {
      const one = i % networks;
      const other = (one + 1 + (Math.floor(i / networks) % Math.max(1, networks - 1))) % networks;
      return new Host(i, one === other ? [one] : [one, other]);
    });
    this.#giveBack = this.clock.install();
  }

  sharing(host: Host): Host[] {
    return this.hosts.filter(
      (it) => it !== host && it.networks.some((one) => host.networks.includes(one)),
    );
  }

  /** Every agent starts, or starts anew, at one moment. */
  async startAll(): Promise<void> {
    for (const host of this.hosts) {
      for (const peer of host.peers.values()) peer.close();
      host.peers.clear();
      await host.publisher?.close();
    }
    for (const host of this.hosts) {
      const { address } = host;
      host.publisher = createPublisher({
        credentials,
        host: address,
        port: 0,
        node: address,
        tunnel: address,
        admit: () => true,
        log: silentLog,
        isListed: () => true,
        now: () => this.clock.now,
        servers: this.net.serversAt(address),
      });
      await host.publisher.listen();
      host.publisher.publish(host.record());
    }
    for (const host of this.hosts)
      for (const peer of this.sharing(host)) this.#subscribe(host, peer);
  }

  #subscribe(host: Host, peer: Host): void {
    let complete = false;
    this.#stale++;
    const subscriber = createSubscriber({
      address: peer.address,
      port: 0,
      credentials,
      node: host.address,
      wanted: host.networks.map(networkName),
      log: silentLog,
      now: () => this.clock.now,
      transport: this.net.transportOf(host.address),
      onChange: (view) => {
        const now = view.state === 'up' && !view.awaited;
        if (now !== complete) this.#stale += now ? -1 : 1;
        complete = now;
        this.onView?.(host, peer);
      },
    });
    host.peers.set(peer.index, subscriber);
  }

  /** Called when a host's view of a peer changed. */
  onView: ((host: Host, peer: Host) => void) | undefined;

  /** @returns milliseconds until every host has every other's record */
  async untilComplete(limitMs: number): Promise<number> {
    const began = this.clock.now;
    const done = await this.clock.run(began + limitMs, () => this.#stale === 0);
    if (!done) throw new Error(`after ${limitMs} ms ${this.#stale} views were not complete`);
    return this.clock.now - began;
  }

  /** A container starts on a host. @returns when the last that shares the network knew it */
  async change(
    host: Host,
  ): Promise<{ ms: number; messages: number; bytes: number; hosts: number }> {
    const [network] = host.networks as [number];
    host.more += 1;
    const { id } = endpoint(network, host.index * 16 + CONTAINERS + host.more - 1);
    const waiting = new Set(
      this.hosts.filter((it) => it !== host && it.networks.includes(network)).map((it) => it.index),
    );
    const hosts = waiting.size;
    const before = this.clock.now;
    // Pings of that moment are not the change's; it lasts far below their second.
    const [messages, bytes] = [this.net.messages, this.net.bytes];
    this.onView = (to, from) => {
      const known = to.peers.get(from.index)?.view().networks.get(networkName(network));
      if (from === host && known?.endpoints.some((it) => it.id === id)) waiting.delete(to.index);
    };
    const record = host.record();
    host.publisher?.publish(record);
    const sent = { messages: this.net.messages - messages, bytes: this.net.bytes - bytes };
    if (!(await this.clock.run(before + 5_000, () => waiting.size === 0))) {
      throw new Error(`a change was not known to ${waiting.size} hosts after 5 s`);
    }
    this.onView = undefined;
    return { ms: this.clock.now - before, ...sent, hosts };
  }

  /** A host is gone for good. @returns when the last of its peers had dropped its record */
  async death(host: Host): Promise<number> {
    const before = this.clock.now;
    this.net.kill(host.address);
    const peers = this.sharing(host);
    const left = new Set(peers.map((it) => it.index));
    this.onView = (to, from) => {
      const view = to.peers.get(from.index)?.view();
      if (from === host && view?.state === 'silent' && view.networks.size === 0)
        left.delete(to.index);
    };
    if (!(await this.clock.run(before + 30_000, () => left.size === 0))) {
      throw new Error(`${left.size} hosts still have the dead host's record after 30 s`);
    }
    this.onView = undefined;
    return this.clock.now - before;
  }

  /** The facts a host wants, by what it heard, and by the truth: they must be the same. */
  facts(host: Host): { heard: Map<string, Fact>; truth: Map<string, Fact> } {
    const networks = host.networks.map((it) => ({
      id: networkName(it),
      vni: vni(it),
      options: {},
    }));
    const tunnel = { address: host.address, port: 4789, mtu: 1450 };
    const of = (peers: { tunnel: string; networks: ReadonlyMap<string, NetworkRecord> }[]) => {
      const wanted = new DesiredState();
      wanted.update({ tunnel, networks, endpoints: [], peers });
      return new Map([...wanted.keys()].map((key) => [key, wanted.get(key) as Fact]));
    };
    const peers = this.sharing(host);
    return {
      heard: of(
        peers.map((it) => {
          const view = host.peers.get(it.index)?.view();
          return { tunnel: it.address, networks: view?.networks ?? new Map() };
        }),
      ),
      truth: of(peers.map((it) => ({ tunnel: it.address, networks: it.record().networks }))),
    };
  }

  close(): void {
    this.#giveBack();
  }
}
