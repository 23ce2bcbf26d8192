import { isVxlan } from '../names.ts';
import type { Step } from './difference.ts';
import { DEFAULT_MAC, type Fact, isNowhere } from './facts.ts';

/** Why a step is taken, in words: what the records or Docker say that asks for it. */
export function reasonOf(step: Step): string {
  if (step.action === 'remove') return gone(step.fact);
  if (step.action === 'replace') return changed(step.fact, step.was);
  return wanted(step.fact);
}

function wanted(fact: Fact): string {
  switch (fact.kind) {
    case 'bridge':
    case 'vxlan':
      return 'this host takes part in the network';
    case 'port':
      return 'a container is behind it';
    case 'host-link':
      return 'castnet expose gave this host an address on the network';
    case 'route':
      return `a container on host ${fact.to} has this address`;
    case 'station':
      return `a container ${isVxlan(fact.dev) ? 'on another host' : 'of this host'} has this address`;
    case 'neighbour':
      return `container ${fact.ip} is on another host`;
    case 'copy':
      if (isNowhere(fact.to)) return 'each host asks its own containers who is a member';
      return fact.mac === DEFAULT_MAC
        ? `host ${fact.to} takes part in the network`
        : `containers on host ${fact.to} have joined a group with this address`;
    case 'member':
      return 'containers on other hosts have joined it';
  }
}

function gone(fact: Fact): string {
  switch (fact.kind) {
    case 'bridge':
    case 'vxlan':
      return 'no network of this host needs it';
    case 'port':
      return 'no container is behind it';
    case 'host-link':
      return 'this host has no address on the network any more';
    case 'route':
    case 'station':
    case 'neighbour':
      return 'no known container has this address any more';
    case 'copy':
      return fact.mac === DEFAULT_MAC
        ? `host ${fact.to} takes no part in the network any more`
        : `no container on host ${fact.to} is in such a group any more`;
    case 'member':
      return 'no container on another host is in it any more';
  }
}

function changed(fact: Fact, was: Fact): string {
  if ('settled' in was && !was.settled) {
    return fact.kind === 'member'
      ? 'an entry of the kernel’s own stands in its place'
      : 'someone changed its settings, or it was set up by half';
  }
  if (fact.kind === 'host-link') return 'its address, its MTU or its port is another';
  if (fact.kind === 'bridge' || fact.kind === 'vxlan' || fact.kind === 'port') {
    return 'the host’s address, the MTU or the network changed';
  }
  return wanted(fact);
}
