import { expect, test } from 'vitest';
import type { GroupView, SwarmView } from '../../../src/core/views/swarm-view.ts';
import { fitted, onScreen, zoomed } from './camera.ts';
import { layOut } from './layout.ts';
import { nextThing, placeOf, type Scene, thingAt } from './scene.ts';
import { allTrees, branchesOf } from './trees.ts';

function swarm(perHost: readonly number[]): SwarmView {
  const containers = perHost.flatMap((count, host) =>
    Array.from({ length: count }, (_, n) => ({
      ...{ name: `c${n}`, host, network: n % 2, address: `10.0.${host}.${n}`, mac: '' },
      ...{ sentBytes: 0, receivedBytes: 0 },
    })),
  );
  const hosts = perHost.map((_, n) => ({ address: `10.9.0.${n}`, name: `h${n}`, troubles: [] }));
  return { hosts, networks: [], containers, groups: [] };
}

const group = (it: Partial<GroupView>): GroupView => ({
  ...{ network: 0, group: '239.0.0.1', sources: 'any', members: [], senders: [], copiedTo: [] },
  ...{ bytes: 10, packets: 1, refused: [], ...it },
});

test.each([[[0]], [[3, 3, 3]], [[1, 50, 9]], [Array(12).fill(83)], [[0, 0, 400]]])(
  'no host covers another, and every container is in its host: %j',
  (perHost) => {
    const view = swarm(perHost);
    const { hosts, containers } = layOut(view, 1.7);
    for (const [n, a] of hosts.entries()) {
      for (const b of hosts.slice(n + 1)) {
        expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.r + b.r);
      }
    }
    for (const [at, place] of containers.entries()) {
      const host = hosts[view.containers[at]?.host ?? -1];
      const far = Math.hypot(place.x - (host?.x ?? NaN), place.y - (host?.y ?? NaN));
      expect(far).toBeLessThan(host?.r ?? 0);
    }
  },
);

test('equal views are laid out equally', () => {
  expect(layOut(swarm([5, 9, 2]), 1.7)).toEqual(layOut(swarm([5, 9, 2]), 1.7));
});

test('all of it fits on the canvas, and what is under the pointer stays there in a zoom', () => {
  const layout = layOut(swarm([20, 4, 30, 7]), 1.5);
  const size = { width: 900, height: 600 };
  const camera = fitted(layout, size);
  for (const { x, y, r } of layout.hosts) {
    const place = onScreen(camera, { x, y });
    expect(place.x - r * camera.scale).toBeGreaterThanOrEqual(0);
    expect(place.x + r * camera.scale).toBeLessThanOrEqual(size.width);
    expect(place.y - r * camera.scale).toBeGreaterThanOrEqual(0);
    expect(place.y + r * camera.scale).toBeLessThanOrEqual(size.height);
  }
  const [host] = layout.hosts as [{ x: number; y: number; r: number }];
  const before = onScreen(camera, host);
  const after = onScreen(zoomed(camera, 2, before, 0.01), host);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
});

test('a tree goes from the sender by its host to the hosts with members, and to these', () => {
  // Containers 0 and 1 are on host 0, 2 and 3 on host 1, 4 on host 2.
  const view = swarm([2, 2, 1]);
  const tree = branchesOf(group({ senders: [0], members: [1, 2, 4], copiedTo: [1] }), view);
  expect(tree).toEqual([
    { kind: 'leg', container: 0, up: true },
    { kind: 'trunk', from: 0, to: 1 },
    { kind: 'leg', container: 1, up: false },
    // Container 4 gets nothing: no copy goes to its host.
    { kind: 'leg', container: 2, up: false },
  ]);
});

test('branches that groups of a network share are one, with their rates added, and have its hue', () => {
  const network = { name: 'n', vni: 1, bytes: 0, packets: 0, dropped: 0 };
  const view = { ...swarm([2, 2]), networks: [network, network] };
  const one = group({ senders: [0], members: [2], copiedTo: [1] });
  const two = { ...one, group: '239.0.0.2', members: [3], bytes: 5 };
  const other = { ...one, network: 1 };
  const trunks = allTrees(view, [one, two, other]).filter((it) => it.kind === 'trunk');
  expect(trunks.map((it) => [it.hue, it.bytes])).toEqual([
    [0, 15],
    [1, 10],
  ]);
});

test('groups of the only network have hues of their own', () => {
  const one = group({ senders: [0], members: [2], copiedTo: [1] });
  const two = { ...one, group: '239.0.0.2' };
  const view = { ...swarm([2, 2]), groups: [one, two] };
  const trunks = allTrees(view, view.groups).filter((it) => it.kind === 'trunk');
  expect(trunks.map((it) => it.hue)).toEqual([0, 1]);
});

test('a group that nobody sends to is drawn only when it is asked for', () => {
  const view = swarm([2, 2]);
  const idle = group({ members: [1, 2] });
  expect(allTrees(view, [idle])).toEqual([]);
  expect(allTrees(view, [idle], true)).toHaveLength(2);
});

const sceneOf = (view: SwarmView): Scene => {
  const layout = layOut(view, 1.5);
  const camera = fitted(layout, { width: 900, height: 600 });
  // What geometry reads of a scene.
  return { view, layout, camera } as Scene;
};

test('each container is found where it is drawn, and its host beside it', () => {
  const scene = sceneOf(swarm([30, 5, 12]));
  for (const at of scene.view.containers.keys()) {
    const place = placeOf({ kind: 'container', at }, scene) as { x: number; y: number };
    expect(thingAt(place, scene)).toEqual({ kind: 'container', at });
  }
  const middle = placeOf({ kind: 'host', at: 1 }, scene) as { x: number; y: number };
  expect(thingAt(middle, scene)).toEqual({ kind: 'host', at: 1 });
  expect(thingAt({ x: -500, y: 0 }, scene)).toBeUndefined();
});

test('arrow keys get from anything to anything', () => {
  const scene = sceneOf(swarm([6, 3, 9]));
  const ways = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const;
  const begin = nextThing(scene, undefined, [1, 0]);
  expect(begin).toEqual({ kind: 'host', at: 0 });
  const seen = new Map([['host 0', begin]]);
  for (const thing of seen.values()) {
    for (const way of ways) {
      const next = nextThing(scene, thing, way);
      if (next !== undefined) seen.set(`${next.kind} ${next.at}`, next);
    }
  }
  expect(seen.size).toBe(3 + 18);
});
