import { type Partner, type Partners, partners } from '../core/encryption/partners.ts';
import {
  explainStep,
  type WireguardFound,
  type WireguardPeer,
  type WireguardStep,
  type WireguardWanted,
  wireguardSteps,
} from '../core/encryption/wireguard.ts';
import { judgePeers } from '../core/forwarding/claims.ts';
import type { Tunnel } from '../core/forwarding/forwarding.ts';
import type { LocalNetwork } from '../core/local.ts';
import { tunnelOverhead, wireguardOverhead } from '../net/mtu.ts';
import { Handshakes, wasSetBack } from './handshakes.ts';
import type { Host } from './host.ts';
import { KeyRenewal } from './key-renewal.ts';
import { networksOf } from './knowledge.ts';
import { inShort } from './lacks.ts';
import type { Log } from './log.ts';
import { Loop, type Next, type Target } from './loop.ts';
import type { PairSecrets } from './pair-secrets.ts';

/** The WireGuard interface of this host, as the agent needs it. */
export interface WireguardDevice {
  /** Who carries the packets, once there is an interface. */
  readonly carrier: 'kernel' | 'wireguard-go' | undefined;
  /** @returns undefined when there is none */
  observe(): Promise<WireguardFound | undefined>;
  /** @throws Error in words for a person when this host can have none */
  make(mtu: number): Promise<void>;
  /** @returns in words what failed; the rest is in force */
  apply(steps: readonly WireguardStep[]): Promise<string[]>;
  remove(): Promise<void>;
  prepareKey(): string;
  changeKey(peers: readonly { key: string; secret: string }[]): Promise<void>;
  /** Calls back when the interface has gone by itself. */
  onGone(listener: () => void): void;
}

export interface EncryptionOptions {
  readonly host: Host;
  readonly device: WireguardDevice;
  readonly secrets: PairSecrets;
  /** After so long this host takes another key, milliseconds. */
  readonly renewKeyMs: number;
  /** UDP port of WireGuard. */
  readonly port: number;
  /** Whether nothing of an encrypted network can come or go in clear, by the rules in force. */
  readonly isSealed: (vni: number) => boolean;
  readonly log: Log;
  readonly timeOfDay: () => number;
  /** Milliseconds on a clock that nobody can set. */
  readonly now: () => number;
}

/**
 * Longer than a start of WireGuard between two hosts takes; then containers start all the same, and have no
 * way to the host that is late, milliseconds.
 */
const SETTLE_MS = 2_000;
/** How often it is tried to take a key that was told, milliseconds; nothing but memory is looked at. */
const RENEWAL_MS = 1_500;

/**
 * Keeps this host's WireGuard interface: there while it has an encrypted network, with exactly the hosts as
 * peers that share one, each with the secret that the two have agreed on. Whatever is missing of that, packets
 * of these networks do not leave, for they have no other way.
 */
export class Encryption implements Target {
  readonly name = 'WireGuard';
  readonly loop: Loop;
  readonly #options: EncryptionOptions;
  #found: WireguardFound | undefined;
  #looked = false;
  /** Keys of peers that an earlier agent had; they stay until all hosts were heard. */
  #stale: ReadonlySet<string> = new Set();
  #failures: readonly string[] = [];
  /** Networks whose tunnel may be there; bounded by the networks. */
  readonly #open = new Set<number>();
  /** Those that wait until every host is a peer; bounded by Docker's calls and the sessions. */
  readonly #waiting = new Set<() => void>();
  readonly #handshakes = new Handshakes();
  readonly #renewal: KeyRenewal;
  #again: NodeJS.Timeout | undefined;

  constructor(options: EncryptionOptions) {
    this.#options = options;
    this.loop = new Loop(this, options.log);
    this.#renewal = new KeyRenewal({ ...options, renewMs: options.renewKeyMs });
    options.device.onGone(() => void this.loop.request(true));
    options.secrets.onChange(() => this.loop.request());
    options.host.when(['endpoints', 'peers', 'swarm', 'tunnel', 'restarted', 'sessions'], () => {
      if (this.#isNeeded || this.#found !== undefined) void this.loop.request();
    });
  }

  /** Whether a network's tunnel may be made: always, of one that is not encrypted. */
  isOpen({ vni, options }: LocalNetwork): boolean {
    return options.encrypted !== true || this.#open.has(vni);
  }

  /**
   * Has everything ready for an encrypted network that was just added.
   * @returns why it cannot be, in a sentence; empty: its tunnel may be made
   */
  async prepare(vni: number): Promise<string> {
    await this.loop.request();
    if (this.#open.has(vni)) return '';
    if (!this.#options.isSealed(vni)) return 'the rules against its packets in clear are refused';
    return this.loop.problem || inShort(this.#failures) || 'it has no tunnel address yet';
  }

  /** Resolves when each host that speaks is a peer that shares an encrypted network, or is late. */
  async settled(): Promise<void> {
    if (!this.#isNeeded) return;
    await this.loop.request();
    if (this.#isSettled) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#isSettled) resolve();
    };
    this.#waiting.add(look);
    const timer = setTimeout(resolve, SETTLE_MS);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(look);
  }

  /** What is amiss, in sentences; the first ones are the worst. */
  lacking(): string[] {
    if (!this.#isNeeded) return [];
    const { unable } = this.#partners();
    return [this.loop.problem, ...this.#failures, ...unable, ...this.#silent()].filter(Boolean);
  }

  /** How packets of encrypted networks travel; undefined: this host has none. */
  report() {
    const { device, port } = this.#options;
    if (this.#found === undefined || device.carrier === undefined) return undefined;
    return {
      ...{ by: device.carrier, port, key: this.#found.key },
      peers: this.#found.peers.map(({ addresses, handshake }) => ({
        address: addresses[0] ?? '',
        ...(handshake === 0 ? {} : { handshake }),
      })),
    };
  }

  /** What a run would do, in words. */
  async plan(): Promise<string[]> {
    const { host, device } = this.#options;
    if (!this.#isNeeded || host.tunnel === undefined) return [];
    const found = await device.observe();
    if (found === undefined)
      return ['add: the WireGuard interface, because a network is encrypted'];
    const steps = wireguardSteps(this.#wanted(host.tunnel), found, this.#stale);
    return steps.map((step) => `${explainStep(step)}, because ${step.reason}`);
  }

  async observe(): Promise<void> {
    if (this.#looked && this.#found === undefined && !this.#isNeeded) return;
    this.#found = await this.#options.device.observe();
    const peers = this.#found?.peers ?? [];
    this.#renewal.noteSent(peers);
    this.#handshakes.look(peers, this.#options.now());
    if (this.#looked) return;
    this.#looked = true;
    const { secrets } = this.#options;
    for (const { key, secret } of this.#found?.peers ?? [])
      secrets.found({ own: this.#found?.key ?? '', theirs: key, secret });
    this.#stale = new Set(this.#found?.peers.map((it) => it.key));
  }

  async apply(): Promise<Next> {
    const { host, device, isSealed } = this.#options;
    const networks = this.#networks();
    for (const vni of this.#open)
      if (!networks.some((it) => it.vni === vni)) this.#open.delete(vni);
    if (networks.length === 0) return this.#end();
    const { tunnel } = host;
    if (tunnel === undefined) return 'done';
    await this.#mindClock();
    if (this.#found === undefined) {
      await device.make(interfaceOf(tunnel, this.#options.port).mtu);
      this.#found = await device.observe();
      if (this.#found === undefined) throw new Error('the interface went as soon as it was made');
    }
    if (await this.#renewKey(this.#found)) {
      // At once: this host's packets wait for what the others do then.
      this.#tell(this.#renewal.own);
      this.#found = (await device.observe()) ?? this.#found;
    }
    this.#tell(this.#found.key, this.#renewal.next);
    if (this.#renewal.next !== undefined) this.#again ??= setTimeout(this.#lookAgain, RENEWAL_MS);
    const steps = this.#steps(tunnel, this.#found);
    if (steps.length > 0) {
      this.#failures = await device.apply(steps);
      for (const it of steps) this.#log(it);
      this.#found = await device.observe();
    }
    if (this.#found?.settled !== true) return 'look-later';
    for (const { vni } of networks) if (isSealed(vni)) this.#open.add(vni);
    this.#handshakes.note(this.#found.peers, this.#options.now());
    for (const look of this.#waiting) look();
    return this.#failures.length > 0 ? 'look-later' : 'done';
  }

  readonly #lookAgain = (): void => {
    this.#again = undefined;
    void this.loop.request();
  };

  close(): void {
    this.loop.close();
    clearTimeout(this.#again);
    this.#options.secrets.close();
  }

  #networks(): LocalNetwork[] {
    return networksOf(this.#options.host.knowledge()).filter((it) => it.options.encrypted === true);
  }

  get #isNeeded(): boolean {
    return this.#networks().length > 0;
  }

  /** No network needs it any more. */
  async #end(): Promise<Next> {
    if (this.#found === undefined) return 'done';
    await this.#options.device.remove();
    this.#found = undefined;
    this.#failures = [];
    this.#options.secrets.forget();
    this.#tell(undefined);
    return 'done';
  }

  #renewKey({ key: own, peers }: WireguardFound): Promise<boolean> {
    const { able: partners } = this.#partners();
    return this.#renewal.look({ own, peers, partners, speaking: this.#speaking });
  }

  /** This host's key is part of what it says of itself. */
  #tell(key: string | undefined, next?: string): void {
    const { host, port } = this.#options;
    if (host.wireguard?.key === key && host.wireguard?.next === next) return;
    const coming = next === undefined ? {} : { next };
    host.wireguard = key === undefined ? undefined : { key, port, ...coming };
    host.emit('encryption');
  }

  #partners(): Partners {
    const { host } = this.#options;
    const { peers, tunnel } = host.knowledge();
    const found = this.#found?.peers ?? [];
    return partners({
      peers: judgePeers(peers, tunnel?.address ?? '').honest,
      networks: this.#networks(),
      key: this.#found?.key ?? '',
      next: this.#renewal.next,
      holders: new Map(found.map((it) => [it.key, it.addresses[0] ?? ''])),
    });
  }

  #steps(tunnel: Tunnel, found: WireguardFound): WireguardStep[] {
    const { host } = this.#options;
    if (this.#stale.size > 0 && host.restart.isComplete(host.knowledge())) this.#stale = new Set();
    return wireguardSteps(this.#wanted(tunnel), found, this.#stale);
  }

  #wanted(tunnel: Tunnel): WireguardWanted {
    const { secrets, port, host } = this.#options;
    const { able } = this.#partners();
    const own = this.#found?.key ?? '';
    const { next } = this.#renewal;
    secrets.update({ own, next, node: host.link.sessions?.node, partners: able });
    const peers = able.flatMap(({ tunnel: address, wireguard }): WireguardPeer[] => {
      const secret = secrets.get(own, wireguard.key);
      return secret === undefined ? [] : [{ ...wireguard, address, secret }];
    });
    return { ...interfaceOf(tunnel, port), peers };
  }

  get #speaking(): Set<string> {
    const views = this.#options.host.link.sessions?.views() ?? [];
    return new Set(views.flatMap(({ state, address }) => (state === 'up' ? [address] : [])));
  }

  get #isSettled(): boolean {
    const there = new Set(this.#found?.peers.map((it) => it.key));
    const speaking = this.#speaking;
    const isLate = (it: Partner) => speaking.has(it.address) && !there.has(it.wireguard.key);
    return this.#found?.settled === true && !this.#partners().able.some(isLate);
  }

  #log(step: WireguardStep): void {
    const level = step.action === 'secret' ? 'debug' : 'info';
    this.#options.log[level]({ reason: step.reason }, explainStep(step));
  }

  /** With another key this host is somebody new to all others, who take its handshakes again. */
  async #mindClock(): Promise<void> {
    const { device, log, timeOfDay } = this.#options;
    if (!wasSetBack(this.#found?.peers ?? [], timeOfDay())) return;
    log.warn(
      {},
      'this host’s clock was set back: its WireGuard interface is made anew, with another key',
    );
    await device.remove();
    this.#found = undefined;
  }

  /** Peers without a handshake or a packet for longer than one may take, as of the last look. */
  #silent(): string[] {
    const { now, port } = this.#options;
    return (this.#found?.peers ?? []).flatMap((peer) => {
      const silence = this.#handshakes.silence(peer, now());
      if (silence === undefined) return [];
      const long = peer.handshake === 0 ? '' : ` for ${Math.round(silence.ms / 1000)} s`;
      const what = silence.of === 'packet' ? 'packet from' : 'handshake with';
      return [`no ${what} host ${peer.addresses[0]}${long}: UDP port ${port} may be closed`];
    });
  }
}

const interfaceOf = ({ address, mtu }: Tunnel, port: number) => ({
  address,
  port,
  mtu: mtu + tunnelOverhead(address) - wireguardOverhead(address),
});
