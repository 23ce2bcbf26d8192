import type { Tunnel } from '../core/forwarding/forwarding.ts';
import type { Log } from './log.ts';
import { NoAddressYet } from './tunnel.ts';

export interface LateAddressOptions {
  /** Looks for the tunnel's address afresh. @throws Fault when there is none */
  readonly find: () => Promise<Tunnel>;
  readonly log: Log;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/**
 * How long CreateNetwork may wait for the tunnel's address, milliseconds. Docker itself gives `docker run`
 * 20 s for its place on a Swarm's network, and takes them all even where the driver refuses at once (moby,
 * daemon/cluster/networks.go, AttachNetwork: it waits for the attachment, not for its failure). A plugin
 * has 30 s for an answer, unless `docker plugin enable --timeout` says otherwise.
 */
export const LATE_MS = 15_000;

/** From one look to the next when nothing was told, milliseconds. */
const LOOK_MS = 1_000;

/**
 * An address that is to come: of a VPN, or by DHCP. A container that is started meanwhile waits for it
 * for some seconds; nobody starts one again that has no restart policy.
 */
export class LateAddress {
  readonly #options: LateAddressOptions;
  /** Bounded by Docker's calls under way. */
  readonly #waiting = new Set<() => void>();

  constructor(options: LateAddressOptions) {
    this.#options = options;
  }

  /** @throws Fault when no address came in time, or none is to be expected */
  async wait(): Promise<Tunnel> {
    const { find, log, now } = this.#options;
    const until = now() + LATE_MS;
    for (let told = false; ; told = true) {
      try {
        return await find();
      } catch (error) {
        if (!(error instanceof NoAddressYet) || now() >= until) throw error;
        if (!told)
          log.info({ seconds: LATE_MS / 1000 }, 'a network waits for the tunnel’s address');
      }
      await this.#hint();
    }
  }

  /** Addresses or routes of the host have changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #hint(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOOK_MS);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}
