import type { HostAbout, HostRecord, NetworkRecord } from '../core/records.ts';
import { type Delta, diff, normalise, sameWire } from './delta.ts';
import type { NetworkMessage } from './messages.ts';

/** What changed between two records of this host. */
export interface Update {
  /** Where the host takes packets, its Swarm's port, or its key. */
  readonly tunnelChanged: boolean;
  /** By network, one message that brings a subscriber up to date. */
  readonly messages: ReadonlyMap<string, NetworkMessage>;
}

interface Entry {
  readonly record: NetworkRecord;
  /** Counts what was said of the network in this epoch, over times without it too. */
  readonly seq: number;
  /** The last number with which containers came; 0 while there was none. */
  readonly mark: number;
}

/** What this host last told of itself, and how each next record differs. Pure. */
export class Published {
  readonly #epoch: string;
  #networks = new Map<string, Entry>();
  /** The last number of each network that is gone; bounded by what this process ever had. */
  readonly #gone = new Map<string, number>();
  #about: HostAbout;
  #known = false;

  /** @param epoch a random id of this process: numbers count within it */
  constructor(epoch: string, tunnel: string) {
    this.#epoch = epoch;
    this.#about = { tunnel };
  }

  /** What is said beside the networks. */
  get about(): HostAbout {
    return this.#about;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /**
   * Whether a first record was published. Until then nothing may be said about networks: a
   * restarted agent that has not yet read its kernel would tell its peers that all is gone.
   */
  get known(): boolean {
    return this.#known;
  }

  update(record: HostRecord): Update {
    const messages = new Map<string, NetworkMessage>();
    const next = new Map<string, Entry>();
    const names = new Set([...this.#networks.keys(), ...record.networks.keys()]);
    for (const network of [...names].sort()) {
      const before = this.#networks.get(network);
      const after = record.networks.get(network);
      if (after === undefined) {
        const seq = (before?.seq ?? 0) + 1;
        this.#gone.set(network, seq);
        messages.set(network, { type: 'gone', network, epoch: this.#epoch, seq });
        continue;
      }
      const { entry, message } = this.#change(network, before, normalise(after));
      next.set(network, entry);
      if (message) messages.set(network, message);
    }
    const { node: _node, networks: _networks, ...about } = record;
    const tunnelChanged = !sameAbout(about, this.#about);
    this.#networks = next;
    this.#about = about;
    this.#known = true;
    return { tunnelChanged, messages };
  }

  /** A snapshot of the network, or `gone` when this host has nothing of it. */
  current(network: string): NetworkMessage {
    const entry = this.#networks.get(network);
    if (entry) return this.#snapshot(network, entry);
    const seq = this.#gone.get(network) ?? 0;
    return { type: 'gone', network, epoch: this.#epoch, seq };
  }

  /** The number with which containers last came to a network; undefined while nothing was told of it. */
  mark(network: string): number | undefined {
    return this.#networks.get(network)?.mark;
  }

  #change(
    network: string,
    before: Entry | undefined,
    record: NetworkRecord,
  ): { entry: Entry; message?: NetworkMessage } {
    if (before === undefined || !sameWire(before.record, record)) {
      const seq = (before?.seq ?? this.#gone.get(network) ?? 0) + 1;
      const entry = { record, seq, mark: record.endpoints.length > 0 ? seq : 0 };
      return { entry, message: this.#snapshot(network, entry) };
    }
    const delta = diff(before.record, record);
    if (delta === undefined) return { entry: before };
    const seq = before.seq + 1;
    const comes = bringsAddress(delta, before.record);
    const entry = { record, seq, mark: comes ? seq : before.mark };
    const set = { endpoints: [...delta.set.endpoints], groups: [...delta.set.groups] };
    const remove = { endpoints: [...delta.remove.endpoints], groups: [...delta.remove.groups] };
    const message: NetworkMessage = {
      type: 'delta',
      network,
      epoch: this.#epoch,
      seq,
      ...(comes ? { confirm: true } : {}),
      set,
      remove,
    };
    return { entry, message };
  }

  #snapshot(network: string, { record, seq }: Entry): NetworkMessage {
    const confirm = record.endpoints.length > 0 ? ({ confirm: true } as const) : {};
    return { type: 'snapshot', network, epoch: this.#epoch, seq, ...confirm, record };
  }
}

const sameAbout = (a: HostAbout, b: HostAbout): boolean =>
  a.tunnel === b.tunnel &&
  a.dataPathPort === b.dataPathPort &&
  a.wireguard?.key === b.wireguard?.key &&
  a.wireguard?.next === b.wireguard?.next &&
  a.wireguard?.port === b.wireguard?.port;

/** Whether something comes that others must learn the way to. */
function bringsAddress({ set }: Delta, before: NetworkRecord): boolean {
  const known = new Map(before.endpoints.map((it) => [it.id, it]));
  return set.endpoints.some(({ id, ip, mac }) => {
    const was = known.get(id);
    return was?.ip !== ip || was.mac !== mac;
  });
}
