import type { SwarmView } from '../docker/watch.ts';
import type { PeerView } from './swarm-link.ts';

export interface InformantOptions {
  /** This host's node id and its peers; absent outside a Swarm. */
  readonly sessions: () => { readonly node: string; views(): readonly PeerView[] } | undefined;
  readonly swarm: () => SwarmView | undefined;
  /** Speak with this manager for a while. */
  readonly meet: (manager: string) => void;
}

/**
 * Which nodes the Swarm has, a worker hears from managers alone. One that shares no network with any of
 * them keeps a session with one for it; else a node that was removed would be one of the Swarm's there until
 * its certificate expires.
 */
export class Informant {
  readonly #options: InformantOptions;
  /** How many managers were tried in vain since one last told. */
  #tried = 0;
  #current: string | undefined;

  constructor(options: InformantOptions) {
    this.#options = options;
  }

  /**
   * Looks whether some manager tells, and meets one otherwise. To be called again before a host that is
   * met counts no more.
   * @param managers their addresses, as this host's Engine tells them
   */
  look(managers: readonly string[]): void {
    const { sessions, swarm, meet } = this.#options;
    const found = sessions();
    const view = swarm();
    // A manager has the list itself; without a network there is nobody to let go.
    if (view === undefined || view.nodes !== undefined || view.networks.size === 0) return;
    if (found === undefined || managers.length === 0) return;
    const telling = found.views().filter((it) => it.state === 'up' && it.nodes !== undefined);
    const others = telling.some((it) => it.address !== this.#current);
    if (others) {
      this.#current = undefined;
      return;
    }
    if (telling.length > 0) this.#tried = 0;
    else if (this.#current !== undefined) this.#tried += 1;
    // Spread over the managers, and another one each time.
    const sorted = [...managers].sort();
    if (telling.length === 0) {
      this.#current = sorted[(sumOf(found.node) + this.#tried) % sorted.length];
    }
    if (this.#current !== undefined) meet(this.#current);
  }
}

const sumOf = (text: string): number => [...text].reduce((sum, it) => sum + it.charCodeAt(0), 0);
