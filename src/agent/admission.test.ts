import { expect, it } from 'vitest';
import type { SwarmView } from '../docker/watch.ts';
import { Admission, GRACE_MS } from './admission.ts';
import type { PeerView } from './swarm-link.ts';

const NET = 'net-a';
const COMER = { node: 'other', address: '10.9.0.2' };
const RECORD = { vni: 8_000_001, endpoints: [], groups: [] };

function host(before: readonly string[] = []) {
  let now = 0;
  let swarm: SwarmView | undefined;
  let peers: PeerView[] = [];
  const admission = new Admission({
    swarm: () => swarm,
    peers: () => peers,
    networks: new Map([[NET, {}]]),
    before: () => new Set(before),
    now: () => now,
  });
  return {
    admission,
    later(milliseconds: number): void {
      now += milliseconds;
    },
    /** Docker answers, and lists these. */
    lists(...hosts: string[]): void {
      const view = { id: NET, name: 'n', hosts, containers: new Map() };
      swarm = { networks: new Map([[NET, view]]), unanswered: new Set() };
      admission.update();
    },
    says(change: Partial<PeerView>): PeerView {
      const { address, node } = COMER;
      const about = { state: 'up', since: 0, networks: new Map(), awaited: false } as const;
      const view: PeerView = { address, node, ...about, ...change };
      peers = [view];
      return view;
    },
  };
}

it('a host that Docker lists takes part, another has a grace, once', () => {
  const { admission, lists, later } = host();
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  later(GRACE_MS - 1);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  later(1);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(false);
  later(10 * GRACE_MS);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(false);
  lists('10.9.0.1', '10.9.0.2');
  expect(admission.may(NET, COMER)).toBe(true);
});

it('knows when Docker last answered about a network', () => {
  const { admission, lists, later } = host();
  expect(admission.answeredAt(NET)).toBe(Number.NEGATIVE_INFINITY);
  later(5_000);
  lists('10.9.0.1');
  later(5_000);
  admission.update();
  expect(admission.answeredAt(NET)).toBe(5_000);
  lists('10.9.0.1');
  expect(admission.answeredAt(NET)).toBe(10_000);
});

it('while Docker does not answer, nobody’s grace ends', () => {
  const { admission, lists, later } = host();
  expect(admission.may(NET, COMER)).toBe(true);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  later(10 * GRACE_MS);
  expect(admission.may(NET, COMER)).toBe(true);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(false);
});

it('who was listed stays while Docker’s gossip has lost it, until it has nothing more itself', () => {
  const { admission, lists, later, says } = host();
  says({ networks: new Map([[NET, RECORD]]) });
  lists('10.9.0.1', '10.9.0.2');
  later(10 * GRACE_MS);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  // A host that is silent has not said so.
  says({ state: 'silent' });
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  says({});
  lists('10.9.0.1');
  // A late list once more; then no longer.
  expect(admission.may(NET, COMER)).toBe(true);
  later(GRACE_MS);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(false);
});

it('a node counts that was met at the address which Docker lists, wherever its sessions come from', () => {
  const { admission, lists, says, later } = host();
  lists('10.9.0.1');
  const nat = { node: 'other', address: '192.0.2.1' };
  expect(admission.may(NET, nat)).toBe(true);
  says({});
  later(GRACE_MS);
  lists('10.9.0.1', '10.9.0.2');
  expect(admission.may(NET, nat)).toBe(true);
});

it('a host to which an earlier agent’s entries led takes part', () => {
  const { admission, lists, later } = host(['10.9.0.2']);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
  later(GRACE_MS);
  lists('10.9.0.1');
  expect(admission.may(NET, COMER)).toBe(true);
});

it('what a host says of networks in which it takes no part does not count', () => {
  const { admission, lists, later, says } = host();
  const view = says({ networks: new Map([[NET, RECORD]]) });
  lists('10.9.0.1');
  expect(admission.visible(view)).toBe(view);
  later(GRACE_MS);
  lists('10.9.0.1');
  expect(admission.visible(view).networks.size).toBe(0);
  lists('10.9.0.1', '10.9.0.2');
  expect(admission.visible(view).networks.size).toBe(1);
});

it('a manager may be told all, a worker of networks that Docker lists it for', () => {
  const { admission, lists } = host();
  lists('10.9.0.1');
  expect(admission.scope({ ...COMER, manager: true })).toBe('all');
  // A grace is for what a container's first packet needs.
  expect(admission.may(NET, COMER)).toBe(true);
  expect(admission.scope({ ...COMER, manager: false })).toEqual(new Set());
  lists('10.9.0.1', '10.9.0.2');
  expect(admission.scope({ ...COMER, manager: false })).toEqual(new Set([NET]));
});
