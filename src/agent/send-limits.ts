import { Coalesced } from '../core/coalesced.ts';
import type { Log } from './log.ts';
import type { KeptEndpoint } from './state.ts';

export interface SendLimitsOptions {
  readonly endpoints: () => Iterable<KeptEndpoint>;
  /** What the containers of a network may send now, bytes; undefined when that is not known. */
  readonly mtuOf: (network: string) => number | undefined;
  /** Bounds what a container sends by the interface with a MAC; `undefined` lifts it. */
  readonly limit: (sandbox: string, mac: string, mtu: number | undefined) => Promise<void>;
  /** Something that differs when another namespace takes its path; undefined when it is gone. */
  readonly identity: (sandbox: string) => string | undefined;
  readonly log: Log;
}

/**
 * Keeps running containers from sending more than the tunnel carries since its MTU fell. Their links
 * stay as they were made, and so do bridges and tunnels, which fragment outside what is larger: until
 * every host has followed, others still send the old size, and it must go on arriving.
 */
export class SendLimits {
  readonly #options: SendLimitsOptions;
  /** Limits in force, by endpoint and namespace; bounded by the containers of this host. */
  #inForce = new Map<string, number>();
  /** Containers that may still send too much, and why; bounded by the containers of this host. */
  #lacking: string[] = [];
  readonly #runs = new Coalesced(() => this.#run());

  constructor(options: SendLimitsOptions) {
    this.#options = options;
  }

  update(): Promise<void> {
    return this.#runs.request();
  }

  /** The containers that could not be bounded at the last try, in words. */
  lacking(): readonly string[] {
    return this.#lacking;
  }

  async #run(): Promise<void> {
    const { endpoints, mtuOf, limit, identity, log } = this.#options;
    const now = new Map<string, number>();
    const lacking: string[] = [];
    for (const { id, network, mac, mtu: made, sandbox } of endpoints()) {
      const carried = mtuOf(network);
      const space = sandbox === undefined ? undefined : identity(sandbox);
      if (made === undefined || sandbox === undefined || space === undefined) continue;
      const key = `${id} ${space}`;
      const before = this.#inForce.get(key);
      const wanted = carried === undefined ? before : carried < made ? carried : undefined;
      try {
        if (wanted !== before) {
          await limit(sandbox, mac, wanted);
          log.info(
            { endpoint: id, link: made, sends: wanted ?? made },
            'what a container may send',
          );
        }
        if (wanted !== undefined) now.set(key, wanted);
      } catch (error) {
        if (before !== undefined) now.set(key, before);
        if (identity(sandbox) !== space) continue;
        const reason = (error as Error).message;
        lacking.push(`${sandbox}: ${reason}`);
        log.warn({ endpoint: id, reason }, 'a container sends too much');
      }
    }
    this.#inForce = now;
    this.#lacking = lacking;
  }
}
