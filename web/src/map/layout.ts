import { forceCollide, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force';
import type { SwarmView } from '../../../src/core/views/swarm-view.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything is, in units of its own; the map scales it to the canvas. */
export interface Layout {
  readonly hosts: readonly (Point & { readonly r: number })[];
  /** By place in the view. */
  readonly containers: readonly Point[];
  /** Radius of a container. */
  readonly dot: number;
  /** From the centre of one container to that of the next. */
  readonly spacing: number;
  readonly box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

/** What two views with the same layout have in common. */
export const layoutKey = (view: SwarmView, aspect: number): string =>
  [
    aspect.toFixed(1),
    ...view.hosts.map((it) => it.address),
    ...view.containers.map((it) => `${it.host} ${it.network} ${it.name}`),
  ].join('|');

/** The turn from one container to the next of a spiral that fills a disc evenly. */
const GOLDEN = Math.PI * (3 - Math.sqrt(5));
const GAP = 56;
const SETTLED_AFTER = 240;

/**
 * Hosts as discs packed around the middle, each with its containers in a spiral around its bridge,
 * those of one network beside each other. Equal views give equal layouts.
 * @param aspect width of the canvas over its height
 */
export function layOut(view: SwarmView, aspect: number): Layout {
  const own = view.hosts.map((_, host) =>
    view.containers
      .map((it, at) => ({ it, at }))
      .filter(({ it }) => it.host === host)
      .sort(
        (a, b) =>
          a.it.network - b.it.network ||
          a.it.name.localeCompare(b.it.name, 'en', { numeric: true }),
      ),
  );
  const most = Math.max(1, ...own.map((it) => it.length));
  const spacing = most <= 12 ? 74 : most <= 40 ? 40 : 24;
  const dot = spacing * (most <= 12 ? 0.16 : 0.24);
  const nodes = own.map((list, n) => ({
    r: spirals(list.length + FIRST, spacing) + spacing * 0.75,
    ...ring(n, own.length, aspect),
  }));
  settle(nodes, aspect);
  spread(nodes, aspect);
  const containers: Point[] = [];
  for (const [host, list] of own.entries()) {
    const { x, y } = nodes[host] as Point;
    for (const [n, { at }] of list.entries()) {
      const far = spirals(n + FIRST, spacing);
      const angle = (n + FIRST) * GOLDEN - Math.PI / 2;
      containers[at] = { x: x + far * Math.cos(angle), y: y + far * Math.sin(angle) };
    }
  }
  return { hosts: nodes, containers, dot, spacing, box: boxOf(nodes) };
}

/** The bridge in the middle takes the place of the first container of the spiral. */
const FIRST = 1.4;
const spirals = (n: number, spacing: number): number => 0.62 * spacing * Math.sqrt(n);

const ring = (n: number, of: number, aspect: number): Point => {
  if (of === 1) return { x: 0, y: 0 };
  const angle = (2 * Math.PI * n) / of - (of === 3 ? Math.PI / 2 : Math.PI * 0.75);
  return { x: 400 * aspect * Math.cos(angle), y: 400 * Math.sin(angle) };
};

function settle(nodes: (SimulationNodeDatum & { r: number })[], aspect: number): void {
  const pull = 0.05;
  forceSimulation(nodes)
    .force('x', forceX(0).strength(pull))
    .force('y', forceY(0).strength(pull * aspect))
    .force('apart', forceCollide<(typeof nodes)[number]>((it) => it.r + GAP / 2).iterations(4))
    .stop()
    .tick(SETTLED_AFTER);
}

/** Moves hosts apart along the longer side until they fill the canvas; never over each other. */
function spread(nodes: (Point & { r: number })[], aspect: number): void {
  const { w, h } = boxOf(nodes);
  const stretch = nodes.length < 2 ? 0 : Math.min(1.9, (aspect * h) / w);
  for (const node of nodes as { x: number; y: number }[]) {
    if (stretch > 1) node.x *= stretch;
    else if (stretch > 0) node.y *= Math.min(1.9, 1 / stretch);
  }
}

function boxOf(nodes: readonly (Point & { r: number })[]): Layout['box'] {
  if (nodes.length === 0) return { x: -1, y: -1, w: 2, h: 2 };
  const x = Math.min(...nodes.map((it) => it.x - it.r));
  const y = Math.min(...nodes.map((it) => it.y - it.r));
  const w = Math.max(...nodes.map((it) => it.x + it.r)) - x;
  const h = Math.max(...nodes.map((it) => it.y + it.r)) - y;
  return { x, y, w, h };
}
