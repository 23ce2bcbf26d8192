import { differenceOf, type Step } from '../forwarding/difference.ts';
import { type Fact, identity } from '../forwarding/facts.ts';
import {
  type ForwardingInput,
  linkFacts,
  localFacts,
  networkMtu,
  outdated,
  peerParts,
} from '../forwarding/forwarding.ts';

/**
 * What ships keeps the desired state from one change to the next (desired-state.ts). This computes the
 * whole from scratch, and is what tests, the model of a Swarm and the fuzzer hold it against.
 */

/**
 * Every fact the kernel must hold. Where two hosts claim one MAC or address, the earlier fact counts:
 * this host's own containers come before anything a peer says.
 */
export function desiredFacts(input: ForwardingInput): Fact[] {
  const endpoints = [...input.endpoints];
  const peers = [...input.peers];
  const old = outdated(endpoints);
  return [...input.networks].flatMap((network) => [
    ...linkFacts(network, input.tunnel, input.sizes?.get(network.id)),
    ...endpoints
      .filter((it) => it.network === network.id)
      .flatMap((it) => {
        const mtu = networkMtu(network, input.tunnel);
        return localFacts(network, it, { isOutdated: old.has(it.id), mtu });
      }),
    ...peers
      .filter((peer) => peer.tunnel !== input.tunnel.address)
      .flatMap((peer) =>
        peerParts(network, peer).flatMap((it) => it.values.flatMap((value) => it.facts(value))),
      ),
  ]);
}

/** The steps that make `actual` into `desired`. */
export function difference(desired: Iterable<Fact>, actual: Iterable<Fact>): Step[] {
  const want = byIdentity(desired);
  const have = byIdentity(actual);
  const keys = new Set([...want.keys(), ...have.keys()]);
  return differenceOf(keys, (key) => want.get(key), have);
}

/** The earliest of several facts with one identity counts. */
export function byIdentity(facts: Iterable<Fact>): Map<string, Fact> {
  const found = new Map<string, Fact>();
  for (const fact of facts) {
    const key = identity(fact);
    if (!found.has(key)) found.set(key, fact);
  }
  return found;
}
