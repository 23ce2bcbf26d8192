import { setTimeout as pause } from 'node:timers/promises';
import type { LocalEndpoint } from '../core/local.ts';
import type { Log } from './log.ts';

export interface FirstQuestionOptions {
  /** What a container asks for by ARP just now. @throws Error when its namespace cannot be entered */
  readonly unanswered: (sandbox: string) => Promise<readonly { ip: string; dev: string }[]>;
  /** @param lines of `ip -batch`. @throws Error in ip's words */
  readonly change: (sandbox: string, lines: readonly string[]) => Promise<void>;
  /** The MAC of an address on a network; undefined when nobody is known to have it. */
  readonly macOf: (network: string, ip: string) => string | undefined;
  readonly log: Log;
}

/**
 * How long after its port is up a container is looked into, milliseconds. The kernel tells of a port several
 * times while the rules of this and other containers are written, which come first.
 */
const LOOK_AFTER_MS = 50;

/**
 * Answers what a container asked before it could be heard. The kernel lets a port of a bridge forward
 * only after the container's interface is up, in a work of its own (net/core/link_watch.c), which a busy
 * machine comes to late. A container's first ARP request, sent in that time, is lost, and the kernel
 * asks again only after a second. So when a port is up, whatever its container waits for is written
 * into its neighbour table, and the packet that waits is sent (net/core/neighbour.c, neigh_update).
 */
export class FirstQuestion {
  readonly #options: FirstQuestionOptions;
  /** Bounded by this host's containers. */
  readonly #busy = new Set<string>();

  constructor(options: FirstQuestionOptions) {
    this.#options = options;
  }

  /** A container's port is up; its kernel may tell so several times. */
  async up({ network, sandbox }: Pick<LocalEndpoint, 'network' | 'sandbox'>): Promise<void> {
    const { unanswered, change, macOf, log } = this.#options;
    if (sandbox === undefined || this.#busy.has(sandbox)) return;
    this.#busy.add(sandbox);
    try {
      await pause(LOOK_AFTER_MS);
      const lines = (await unanswered(sandbox)).flatMap(({ ip, dev }) => {
        const mac = macOf(network, ip);
        const line = `neigh replace ${ip} lladdr ${mac} dev ${dev} nud reachable`;
        return mac === undefined ? [] : [line];
      });
      if (lines.length > 0) await change(sandbox, lines);
    } catch (error) {
      // The kernel asks again by itself.
      log.debug({ sandbox, reason: (error as Error).message }, 'a first question stays unanswered');
    } finally {
      this.#busy.delete(sandbox);
    }
  }
}
