import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  explainStep,
  type FoundPeer,
  type WireguardFound,
  type WireguardPeer,
  type WireguardStep,
  wireguardSteps,
} from './wireguard.ts';

const to = { address: '10.9.0.1', port: 51890, mtu: 1440 };
const found = (peers: FoundPeer[] = []): WireguardFound => ({
  ...{ key: 'own', port: 51890, mtu: 1440, addresses: ['10.9.0.1'], settled: true },
  peers,
});
const peer = (n: number, change: Partial<WireguardPeer> = {}): WireguardPeer => ({
  ...{ key: `key${n}`, address: `10.9.0.${n}`, port: 51890, secret: `secret${n}` },
  ...change,
});
const there = ({ key, secret, address }: WireguardPeer): FoundPeer => ({
  ...{ key, secret, addresses: [address], handshake: 0 },
});

it('says nothing to do when all is there', () => {
  expect(wireguardSteps({ ...to, peers: [peer(2)] }, found([there(peer(2))]))).toEqual([]);
});

it.each([
  ['another port', { port: 1 }],
  ['another MTU', { mtu: 1420 }],
  ['another address', { addresses: ['10.9.0.9'] }],
  ['a second address', { addresses: ['10.9.0.1', '10.9.0.9'] }],
  ['no route by it, or down', { settled: false }],
])('sets the interface right that has %s', (_what, change) => {
  const steps = wireguardSteps({ ...to, peers: [] }, { ...found(), ...change });
  expect(steps.map((it) => it.action)).toEqual(['settle']);
});

it('another secret leaves the peer and its sessions as they are', () => {
  const steps = wireguardSteps(
    { ...to, peers: [peer(2, { secret: 'new' })] },
    found([there(peer(2))]),
  );
  expect(steps.map((it) => it.action)).toEqual(['secret']);
});

it('a host with another key: the new one takes its address before the old one goes', () => {
  const steps = wireguardSteps({ ...to, peers: [peer(2, { key: 'a' })] }, found([there(peer(2))]));
  expect(steps.map((it) => it.action)).toEqual(['add', 'remove']);
});

it('a peer that may send from more than its own address is made anew', () => {
  const wide = { ...there(peer(2)), addresses: ['10.9.0.2', '10.9.0.3'] };
  const steps = wireguardSteps({ ...to, peers: [peer(2)] }, found([wide]));
  expect(steps.map((it) => it.action)).toEqual(['remove', 'add']);
});

it('what an earlier agent had stays while it is kept, unless its address is another’s by now', () => {
  const kept = new Set(['key2']);
  expect(wireguardSteps({ ...to, peers: [] }, found([there(peer(2))]), kept)).toEqual([]);
  const steps = wireguardSteps(
    { ...to, peers: [peer(2, { key: 'a' })] },
    found([there(peer(2))]),
    kept,
  );
  expect(steps.map((it) => it.action)).toEqual(['add', 'remove']);
});

it('no words of a step have a secret in them', () => {
  const all: WireguardStep[] = [
    ...wireguardSteps({ ...to, port: 1, peers: [peer(2), peer(3)] }, found([there(peer(4))])),
    ...wireguardSteps(
      { ...to, peers: [peer(2, { secret: 'secretnew' })] },
      found([there(peer(2))]),
    ),
  ];
  expect(new Set(all.map((it) => it.action))).toEqual(
    new Set(['settle', 'add', 'secret', 'remove']),
  );
  for (const it of all) expect(`${explainStep(it)} ${it.reason}`).not.toContain('secret2');
  for (const it of all) expect(`${explainStep(it)} ${it.reason}`).not.toContain('secretnew');
});

/** What the interface holds after steps, as the kernel does it: of one address the last peer has it. */
function after(
  steps: readonly WireguardStep[],
  before: readonly FoundPeer[],
): Map<string, FoundPeer> {
  const now = new Map(before.map((it) => [it.key, it]));
  for (const step of steps) {
    if (step.action === 'remove') now.delete(step.key);
    if (step.action === 'add') {
      for (const [key, it] of now) {
        const addresses = it.addresses.filter((one) => one !== step.peer.address);
        now.set(key, { ...it, addresses });
      }
      now.set(step.peer.key, there(step.peer));
    }
    const old = step.action === 'secret' ? now.get(step.peer.key) : undefined;
    if (step.action === 'secret' && old) now.set(old.key, { ...old, secret: step.peer.secret });
  }
  return now;
}

const arbPeers = fc.uniqueArray(
  fc.record({
    n: fc.integer({ min: 2, max: 6 }),
    key: fc.integer({ min: 2, max: 6 }),
    secret: fc.nat(2),
  }),
  { maxLength: 5, selector: (it) => it.n },
);

it('whatever was there: exactly the peers wanted, each with its own address alone', () => {
  fc.assert(
    fc.property(arbPeers, arbPeers, (wanted, had) => {
      const unique = (list: typeof wanted) =>
        [...new Map(list.map((it) => [it.key, it])).values()].map(({ n, key, secret }) =>
          peer(n, { key: `key${key}`, secret: `secret${secret}` }),
        );
      const peers = unique(wanted);
      const before = unique(had).map(there);
      const steps = wireguardSteps({ ...to, peers }, found(before));
      const now = after(steps, before);
      expect([...now.values()].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
        peers.map(there).sort((a, b) => (a.key < b.key ? -1 : 1)),
      );
      expect(wireguardSteps({ ...to, peers }, found([...now.values()]))).toEqual([]);
    }),
  );
});
