/** A table of nft as the kernel has it. */
export interface TableListing {
  /** The same for two tables with the same rules, whatever they counted and whatever is in their sets. */
  readonly rules: string;
  /** How many elements its sets and maps have, without those that rules add. */
  readonly size: number;
  /** The elements of each set that are plain values, by its name. */
  readonly sets: ReadonlyMap<string, readonly string[]>;
  /** Packets of each named counter. */
  readonly counters: ReadonlyMap<string, number>;
}
