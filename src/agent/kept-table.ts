import { elementChanges } from '../core/rules/guards.ts';
import type { TableListing } from '../core/rules/table-listing.ts';

/** A table of nft as it shall be. */
export interface TableWanted {
  /** nft's script that makes the table, with empty sets; it replaces one of the same name. */
  readonly table: string;
  /** What its sets and maps hold, as nft names it: `SET { ELEMENT }`. */
  readonly elements: ReadonlySet<string>;
}

export interface TableKernel {
  /** @returns undefined when there is no such table. @throws CommandError when it cannot be read */
  read(): Promise<TableListing | undefined>;
  /** Runs nft's script as one transaction. @throws CommandError in nft's words */
  write(script: string): Promise<void>;
}

/**
 * One table of nft that is kept as wanted. It is written whole when its rules differ, from those
 * wanted or from those that were written, and by its elements otherwise, so that what it counted
 * stays.
 */
export class KeptTable {
  readonly #name: string;
  readonly #kernel: TableKernel;
  #inForce: TableWanted | undefined;
  #written: TableListing | undefined;
  /** By how many the kernel counts other elements than we do: of two notations of one it keeps one. */
  #surplus = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param name with its family, as `inet castnet` */
  constructor(name: string, kernel: TableKernel) {
    this.#name = name;
    this.#kernel = kernel;
  }

  /** Reads the table. What somebody else made of it is put right at the next `put`. */
  look(): Promise<TableListing | undefined> {
    return this.#inTurn(() => this.#look());
  }

  /**
   * Makes the kernel's table what is wanted; nothing is done when it is.
   * @throws CommandError in nft's words; the table is written whole next time
   */
  put(wanted: TableWanted): Promise<void> {
    return this.#inTurn(() => this.#put(wanted));
  }

  /** One call at a time: a look in the middle of a change would take it for somebody else's. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #look(): Promise<TableListing | undefined> {
    const found = await this.#kernel.read();
    const size = (this.#inForce?.elements.size ?? 0) + this.#surplus;
    if (found?.rules !== this.#written?.rules || found?.size !== size) this.#inForce = undefined;
    return found;
  }

  async #put(wanted: TableWanted): Promise<void> {
    const before = this.#inForce?.table === wanted.table ? this.#inForce : undefined;
    const changes = elementChanges(before?.elements ?? new Set(), wanted.elements, this.#name);
    if (before !== undefined && changes.length === 0) return;
    this.#inForce = undefined;
    const { write, read } = this.#kernel;
    await write(`${before === undefined ? wanted.table : ''}${changes.join('\n')}\n`);
    if (before === undefined) {
      this.#written = await read();
      this.#surplus = (this.#written?.size ?? 0) - wanted.elements.size;
    }
    this.#inForce = wanted;
  }
}
