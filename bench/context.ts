/** What every group of measurements gets. */
import type { Lab } from '../lab/lab.ts';
import type { Path } from './path.ts';
import type { Findings } from './result.ts';
import type { Traffic } from './traffic.ts';

export interface Context {
  readonly lab: Lab;
  readonly traffic: Traffic;
  /** Fewer and shorter measurements, to see that all works. */
  readonly quick: boolean;
  readonly findings: Findings;
  /** The path of this name, made on first use and kept; undefined if it cannot be had here. */
  path(name: PathName): Promise<Path | undefined>;
  /** Those of the named paths that can be had. */
  paths(names: readonly PathName[]): Promise<Path[]>;
  /** Tells the person who waits. */
  say(text: string): void;
}

export type PathName =
  | ('castnet' | 'hand-made' | 'bare' | 'flooding' | 'overlay' | 'tinc' | 'n2n')
  | ('castnet-encrypted' | 'hand-made-encrypted' | 'overlay-encrypted')
  | typeof SLOW;

/** Those whose every packet passes a program of their own, which encrypts. */
export const RIVALS: readonly PathName[] = ['tinc', 'n2n'];

/** castnet by bridge and tunnel, beside castnet with the fast path. */
export const SLOW = 'slow path';
