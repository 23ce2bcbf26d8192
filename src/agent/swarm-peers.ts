import type { Host } from './host.ts';
import { memberLists, networksOf, peerAddresses } from './knowledge.ts';

/** Keeps the sessions with the other hosts in line with what is known of the Swarm. */
export class SwarmPeers {
  readonly #host: Host;
  #lists: readonly ReadonlySet<string>[] = [];
  /** Which networks of which host counted when Docker last said who takes part. */
  #believed = '';

  constructor(host: Host) {
    this.#host = host;
    host.when(['endpoints'], () => {
      this.#setWanted();
      // The first network after this host joined a Swarm comes before the timer's turn.
      if (host.link.sessions === undefined) void this.refresh();
    });
    host.when(['swarm'], () => {
      this.#admit();
      this.#setNodes();
      this.#review();
      this.#setPeers();
      // Docker makes networks of its own when its host joins a Swarm anew, which is an event.
      void this.refresh();
    });
    host.when(['peers'], () => this.#review());
    host.when(['unlisted'], () => this.#setPeers());
    host.when(['sessions'], () => {
      this.#setWanted();
      this.#setNodes();
      this.#setPeers();
    });
  }

  /** Looks at this host's identity afresh. */
  async refresh(): Promise<void> {
    if (await this.#host.link.refresh()) this.#host.emit('sessions');
  }

  /** Whether a node is of the Swarm: by this host's Engine on a manager, else by what managers say. */
  isMember(node: string): boolean {
    const lists = memberLists(this.#host.knowledge());
    return lists.length === 0 || lists.some((it) => it.has(node));
  }

  #setWanted(): void {
    const networks = networksOf(this.#host.knowledge()).map((it) => it.id);
    this.#host.link.sessions?.setWanted(networks);
  }

  #setNodes(): void {
    this.#host.link.sessions?.setNodes(this.#host.swarm?.nodes ?? []);
  }

  #setPeers(): void {
    const { link, ownAddresses, unlistedPeers } = this.#host;
    const known = { own: ownAddresses(), unlisted: unlistedPeers.addresses() };
    link.sessions?.setPeers(peerAddresses(this.#host.knowledge(), known));
  }

  /** Docker says which hosts take part in which network: what they say and hear follows from it. */
  #admit(): void {
    const { admission, link } = this.#host;
    admission.update();
    link.sessions?.readmit();
    const believed = (link.sessions?.views() ?? []).map((it) => {
      return `${it.address} ${[...admission.visible(it).networks.keys()].join()}`;
    });
    const text = believed.join('\n');
    if (text !== this.#believed) this.#host.emit('peers');
    this.#believed = text;
  }

  /** Whoever is no member any more is let go at once. */
  #review(): void {
    const lists = memberLists(this.#host.knowledge());
    const before = this.#lists;
    if (lists.length === before.length && lists.every((it, at) => it === before[at])) return;
    this.#lists = lists;
    this.#host.link.sessions?.review();
  }
}
