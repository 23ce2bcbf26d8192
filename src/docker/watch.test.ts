import { afterEach, expect, it, vi } from 'vitest';
import { type SwarmView, type Watch, watchSwarm } from './watch.ts';

let watch: Watch | undefined;
afterEach(() => watch?.close());

/** A manager of these nodes, without networks. */
function watching(nodes: string[]) {
  const views: SwarmView[] = [];
  watch = watchSwarm({
    engine: {
      get: async (path) => (path === '/nodes' ? nodes.map((ID) => ({ ID })) : []),
      events: () => ({ close: () => {} }),
    },
    attached: () => [],
    isOurs: () => true,
    onView: (view) => views.push(view),
    onError: () => {},
    intervalMs: 60_000,
  });
  const next = async () => {
    const before = views.length;
    watch?.poke();
    await vi.waitFor(() => expect(views.length).toBeGreaterThan(before));
    return views.at(-1)?.nodes;
  };
  return { nodes, views, next };
}

it('names the same nodes by the same set, and other nodes by another', async () => {
  const { nodes, next } = watching(['n1', 'n2']);
  const first = await next();
  expect(first).toEqual(new Set(['n1', 'n2']));
  expect(await next()).toBe(first);
  nodes.pop();
  const second = await next();
  expect(second).toEqual(new Set(['n1']));
  expect(await next()).toBe(second);
});

it('does not look again by itself before its time', async () => {
  const { views, next } = watching(['n1']);
  await next();
  const before = views.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(views).toHaveLength(before);
});
