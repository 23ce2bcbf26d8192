import { inAddress } from './endpoint.ts';

/**
 * What the WireGuard interface of a host shall hold, or does hold. It is alone in a network namespace, with
 * the VXLAN sockets of the encrypted networks: what leaves them can leave by it only, and is dropped by it
 * unless a peer has the address; what comes to them came by it, from the peer that has the address. The
 * interface has the host's tunnel address, so a host is the same address in clear and in here.
 */
export interface WireguardPeer {
  /** Its public key, in base64. */
  readonly key: string;
  /** Its tunnel address: the only one that it may send from, and the only one that leads to it. */
  readonly address: string;
  /** UDP port at which it takes WireGuard's packets. */
  readonly port: number;
  /** The secret of the pair, in base64. Never shown. */
  readonly secret: string;
}

export interface WireguardInterface {
  /** This host's tunnel address. */
  readonly address: string;
  /** UDP port, on the host's own network. */
  readonly port: number;
  readonly mtu: number;
}

export interface WireguardWanted extends WireguardInterface {
  readonly peers: readonly WireguardPeer[];
}

/** A peer as it is found. */
export interface FoundPeer {
  readonly key: string;
  readonly secret: string;
  /** The addresses that it may have. */
  readonly addresses: readonly string[];
  /** When its last handshake was, milliseconds since 1970; 0: none was. */
  readonly handshake: number;
  /** Bytes that were sent to it, and that came from it, since it is a peer. */
  readonly sent?: number;
  readonly received?: number;
}

/** The interface as it is found. */
export interface WireguardFound {
  /** Its own public key. */
  readonly key: string;
  readonly port: number;
  readonly mtu: number;
  readonly addresses: readonly string[];
  /** Whether it is up, and all that is sent leaves by it. */
  readonly settled: boolean;
  readonly peers: readonly FoundPeer[];
}

export type WireguardStep =
  /** The interface's port, MTU, address and routes. */
  | { readonly action: 'settle'; readonly to: WireguardInterface; readonly reason: string }
  | { readonly action: 'add'; readonly peer: WireguardPeer; readonly reason: string }
  /** A new secret; packets under way are not touched. */
  | { readonly action: 'secret'; readonly peer: WireguardPeer; readonly reason: string }
  | { readonly action: 'remove'; readonly key: string; readonly reason: string };

/**
 * The steps that make the interface what it shall be. A key that has its host's address comes before the key
 * that had it goes: the kernel takes the address from that in the same moment, so that no packet is without a
 * way. One that has the wrong address goes before it comes again.
 * @param kept keys of peers that stay though they are not wanted: of hosts not heard yet
 */
export function wireguardSteps(
  wanted: WireguardWanted,
  found: WireguardFound,
  kept: ReadonlySet<string> = new Set(),
): WireguardStep[] {
  const { peers, ...to } = wanted;
  const want = new Map(peers.map((it) => [it.key, it]));
  const have = new Map(found.peers.map((it) => [it.key, it]));
  const steps: WireguardStep[] = [];
  const why = whyUnsettled(to, found);
  if (why !== '') steps.push({ action: 'settle', to, reason: why });
  const taken = new Set(peers.map((it) => it.address));
  const last: WireguardStep[] = [];
  for (const [key, { addresses }] of [...have].sort(byKey)) {
    const peer = want.get(key);
    const isOthers = peer === undefined && addresses.some((it) => taken.has(it));
    if (peer === undefined && kept.has(key) && !isOthers) continue;
    if (peer !== undefined && addresses.join() === peer.address) continue;
    const reason =
      peer === undefined
        ? 'no host with this key takes part in an encrypted network'
        : `it is host ${peer.address}, and may send from ${addresses.join(' and ') || 'nowhere'}`;
    (peer === undefined ? last : steps).push({ action: 'remove', key, reason });
    have.delete(key);
  }
  for (const [key, peer] of [...want].sort(byKey)) {
    const was = have.get(key);
    if (was === undefined) {
      const reason = `host ${peer.address} takes part in an encrypted network`;
      steps.push({ action: 'add', peer, reason });
    } else if (was.secret !== peer.secret) {
      steps.push({ action: 'secret', peer, reason: 'the two hosts have agreed on another secret' });
    }
  }
  return [...steps, ...last];
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function whyUnsettled(to: WireguardInterface, found: WireguardFound): string {
  if (!found.settled) return 'it is new, or someone changed it';
  if (found.port !== to.port) return `its port is ${found.port}`;
  if (found.mtu !== to.mtu) return `its MTU is ${found.mtu}`;
  return found.addresses.join() === to.address
    ? ''
    : `its address is ${found.addresses.join(' and ') || 'none'}`;
}

/** A step in words, for the log and for `castnet plan`; no secret is in them. */
export function explainStep(step: WireguardStep): string {
  switch (step.action) {
    case 'settle': {
      const { address, port, mtu } = step.to;
      return `change: WireGuard takes packets at ${inAddress(address, port)}, MTU ${mtu}`;
    }
    case 'add':
      return `add: WireGuard leads to host ${step.peer.address}, key ${step.peer.key}`;
    case 'secret':
      return `change: the secret with host ${step.peer.address}`;
    case 'remove':
      return `remove: the WireGuard peer with key ${step.key}`;
  }
}
