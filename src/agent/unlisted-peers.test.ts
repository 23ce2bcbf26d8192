import { expect, it } from 'vitest';
import { UnlistedPeers } from './unlisted-peers.ts';

it('counts a host for as long as Docker’s gossip may take, from when it was last met', () => {
  let now = 0;
  const met = new UnlistedPeers(() => now);
  met.add('10.0.0.1', '10.0.0.2');
  now = 20_000;
  met.add('10.0.0.2');
  now = 30_001;
  expect(met.addresses()).toEqual(['10.0.0.2']);
  now = 50_001;
  expect(met.addresses()).toEqual([]);
});

it('what is no address is nobody', () => {
  const met = new UnlistedPeers(() => 0);
  met.add('unknown', '10.0.0.2', '');
  expect(met.addresses()).toEqual(['10.0.0.2']);
});

it('a host that is met quietly is quiet until there is another reason', () => {
  const met = new UnlistedPeers(() => 0);
  met.add('10.0.0.1');
  met.addQuietly('10.0.0.1', '10.0.0.2');
  expect(met.addresses()).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(['10.0.0.1', '10.0.0.2'].map((it) => met.isQuiet(it))).toEqual([false, true]);
  met.add('10.0.0.2');
  expect(met.isQuiet('10.0.0.2')).toBe(false);
});

it('whom it met in another Swarm it still tries, and says nothing when they do not answer', () => {
  const met = new UnlistedPeers(() => 0);
  met.add('10.0.0.1');
  met.hush();
  expect(met.addresses()).toEqual(['10.0.0.1']);
  expect(met.isQuiet('10.0.0.1')).toBe(true);
});

it('whom it met before it left a Swarm it tries anew in the next, though leaving took a minute', () => {
  let now = 0;
  const met = new UnlistedPeers(() => now);
  met.add('10.0.0.1');
  now = 60_000;
  expect(met.addresses()).toEqual([]);
  met.hush();
  expect(met.addresses()).toEqual(['10.0.0.1']);
  now = 91_000;
  expect(met.addresses()).toEqual([]);
});

it('a host that is met quietly again and again counts on after another reason is over', () => {
  let now = 0;
  const met = new UnlistedPeers(() => now);
  for (now = 0; now <= 80_000; now += 20_000) {
    met.addQuietly('10.0.0.1');
    if (now === 0) met.add('10.0.0.1');
    expect(met.addresses()).toEqual(['10.0.0.1']);
  }
  expect(met.isQuiet('10.0.0.1')).toBe(true);
});
