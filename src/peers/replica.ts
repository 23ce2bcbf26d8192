import type { NetworkRecord } from '../core/records.ts';
import { apply, diff, normalise, sameWire } from './delta.ts';
import { MAX_ENTRIES } from './limits.ts';
import type { NetworkMessage } from './messages.ts';
import { checkRecord } from './record-schema.ts';

/** What this host last heard of one network from one peer. Pure. */
interface Heard {
  readonly record: NetworkRecord | undefined;
  readonly epoch: string;
  readonly seq: number;
  /** Differences mean nothing until a snapshot comes: one was missed, or a snapshot was refused. */
  readonly lost: boolean;
  /** Why the last snapshot of it was not taken. */
  readonly refused?: string;
}

/** What to do after a message about a network. */
export type Outcome =
  | { readonly do: 'nothing' }
  | { readonly do: 'changed' }
  | { readonly do: 'resync'; readonly reason: string }
  | { readonly do: 'refused'; readonly reason: string };

const NOTHING: Outcome = { do: 'nothing' };

/**
 * A peer's records as last heard, by network. Bounded by the networks wanted, and each record by
 * MAX_ENTRIES. It survives the session: the records stay until a new snapshot replaces them.
 */
export class Replica {
  readonly #heard = new Map<string, Heard>();
  #wanted: ReadonlySet<string> = new Set();
  #networks: ReadonlyMap<string, NetworkRecord> = new Map();

  /** The records; another map after each change, so it may be kept and compared. */
  get networks(): ReadonlyMap<string, NetworkRecord> {
    return this.#networks;
  }

  /** Whether the peer has yet to say of some wanted network what it has of it, or that it has none. */
  get awaited(): boolean {
    return [...this.#wanted].some((network) => !this.#heard.has(network));
  }

  /** A network of which a snapshot was not taken, and why; undefined when there is none. */
  get refused(): { network: string; reason: string } | undefined {
    for (const [network, { refused: reason }] of this.#heard)
      if (reason !== undefined) return { network, reason };
    return undefined;
  }

  /** Up to where a network is known; undefined while it is not, or after a gap. */
  position(network: string): { network: string; epoch: string; seq: number } | undefined {
    const known = this.#heard.get(network);
    if (known === undefined || known.lost) return undefined;
    return { network, epoch: known.epoch, seq: known.seq };
  }

  /** Forgets networks no longer wanted; true when that changed the records. */
  setWanted(wanted: ReadonlySet<string>): boolean {
    this.#wanted = wanted;
    for (const network of this.#heard.keys()) {
      if (!wanted.has(network)) this.#heard.delete(network);
    }
    return this.#refresh();
  }

  /** Forgets everything; true when that changed the records. */
  clear(): boolean {
    this.#heard.clear();
    return this.#refresh();
  }

  hear(message: NetworkMessage): Outcome {
    // Sent before the peer knew that we want it no more.
    if (!this.#wanted.has(message.network)) return NOTHING;
    const outcome = this.#hear(message, this.#heard.get(message.network));
    if (outcome.do === 'changed') this.#refresh();
    return outcome;
  }

  #hear(message: NetworkMessage, known: Heard | undefined): Outcome {
    const { network, epoch, seq } = message;
    // Overtaken by what was said later.
    const isOfEpoch = known !== undefined && epoch === known.epoch;
    if (isOfEpoch && seq < known.seq && message.type !== 'delta') {
      if (!known.lost) return NOTHING;
      return { do: 'resync', reason: `got ${seq} of epoch ${epoch} after change ${known.seq}` };
    }
    const keep = (record: NetworkRecord | undefined, lost = false) =>
      this.#heard.set(network, { record, epoch, seq, lost });
    const refuse = (reason: string): Outcome => {
      this.#heard.set(network, { record: known?.record, epoch, seq, lost: true, refused: reason });
      return { do: 'refused', reason };
    };
    if (message.type === 'gone') {
      keep(undefined);
      return known?.record ? { do: 'changed' } : NOTHING;
    }
    if (message.type === 'snapshot') {
      const checked = checkRecord(message.record);
      if (!checked.ok) return refuse(checked.reason);
      const record = normalise(checked.value);
      const old = known?.record;
      const same = old && sameWire(old, record) && diff(old, record) === undefined;
      keep(same ? old : record);
      return same ? NOTHING : { do: 'changed' };
    }
    if (known?.lost) {
      // The snapshot that was asked for must have it.
      if (!isOfEpoch || seq > known.seq) this.#heard.set(network, { ...known, epoch, seq });
      return NOTHING;
    }
    if (known?.record === undefined || epoch !== known.epoch || seq !== known.seq + 1) {
      keep(known?.record, true);
      const expected = known ? `${known.seq + 1} of epoch ${known.epoch}` : 'a snapshot';
      return { do: 'resync', reason: `got change ${seq} of epoch ${epoch}, expected ${expected}` };
    }
    const record = apply(message, known.record);
    if (record.endpoints.length > MAX_ENTRIES || record.groups.length > MAX_ENTRIES) {
      return refuse(`more than ${MAX_ENTRIES} endpoints or groups`);
    }
    keep(record);
    return { do: 'changed' };
  }

  #refresh(): boolean {
    const networks = new Map<string, NetworkRecord>();
    for (const [network, { record }] of [...this.#heard].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (record) networks.set(network, record);
    }
    const same =
      networks.size === this.#networks.size &&
      [...networks].every(([network, record]) => this.#networks.get(network) === record);
    if (!same) this.#networks = networks;
    return !same;
  }
}
