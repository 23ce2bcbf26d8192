import { statSync } from 'node:fs';

/**
 * br_netfilter gives every network namespace a set of settings of its own when it is loaded, each with
 * bridged packets passing iptables (net/bridge/br_netfilter_hooks.c, brnf_init_net). It may be loaded
 * long after the namespace was made, or unloaded and loaded again: by Docker, by a firewall, by hand.
 */
export interface NetfilterWatchOptions {
  /** What differs after each loading; undefined while it is not loaded. */
  readonly loaded: () => string | undefined;
  /** Turns it off in the namespace. */
  readonly keepOut: () => Promise<void>;
}

export class NetfilterWatch {
  readonly #options: NetfilterWatchOptions;
  #keptOut: string | undefined;
  /** Why it could not be kept out, when last tried; empty when it was. */
  problem = '';

  constructor(options: NetfilterWatchOptions) {
    this.#options = options;
  }

  /** The namespace is another one, whose settings nobody has turned off. */
  anew(): void {
    this.#keptOut = undefined;
  }

  /** Keeps it out if it was loaded since the last look; else costs one system call. Never throws. */
  async look(): Promise<void> {
    const loaded = this.#options.loaded();
    if (loaded === this.#keptOut) return;
    try {
      if (loaded !== undefined) await this.#options.keepOut();
      this.#keptOut = loaded;
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}

/** Of the host's own namespace, which gets its settings at the same time as ours. */
const SETTING = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** A file of /proc/sys is another one, by its number, after its module was loaded again. */
export function netfilterLoaded(): string | undefined {
  try {
    return String(statSync(SETTING).ino);
  } catch {
    return undefined;
  }
}
