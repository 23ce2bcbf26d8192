import type { SwarmView } from '../../../src/core/views/swarm-view.ts';
import type { paints } from '../theme.ts';
import { type Camera, onScreen } from './camera.ts';
import type { Layout, Point } from './layout.ts';
import type { Lit } from './trees.ts';

/** Something in the picture, by its place in the view. */
export interface Thing {
  readonly kind: 'host' | 'container';
  readonly at: number;
}

/** Everything that one still picture is painted from. */
export interface Scene {
  readonly view: SwarmView;
  readonly layout: Layout;
  readonly camera: Camera;
  readonly colors: typeof paints.value;
  readonly lit: readonly Lit[];
  /** Behind the lit ones. */
  readonly faint: readonly Lit[];
  /** Whether `lit` is a choice: then the rest steps back. */
  readonly isChoice: boolean;
  /** The containers that belong to the choice, or that the filter leaves. */
  readonly bright: (container: number) => boolean;
  readonly hovered: Thing | undefined;
}

export type Pen = CanvasRenderingContext2D;

/** Where a thing is on the screen. */
export function placeOf({ kind, at }: Thing, { layout, camera }: Scene): Point | undefined {
  const place = kind === 'host' ? layout.hosts[at] : layout.containers[at];
  return place && onScreen(camera, place);
}

/** What is at a point of the screen. */
export function thingAt(point: Point, { layout, camera }: Scene): Thing | undefined {
  const near = (place: Point, far: number) => {
    const it = onScreen(camera, place);
    return Math.hypot(it.x - point.x, it.y - point.y) <= far;
  };
  const reach = Math.max(7, layout.dot * camera.scale + 3);
  const container = layout.containers.findIndex((it) => it !== undefined && near(it, reach));
  if (container >= 0) return { kind: 'container', at: container };
  const host = layout.hosts.findIndex((it) => near(it, it.r * camera.scale));
  return host >= 0 ? { kind: 'host', at: host } : undefined;
}

/**
 * The nearest thing in a direction.
 * @param from where to begin; without it, the first host
 */
export function nextThing(
  scene: Scene,
  from: Thing | undefined,
  [dx, dy]: readonly [number, number],
): Thing | undefined {
  const { hosts, containers } = scene.view;
  const start = from && placeOf(from, scene);
  if (start === undefined) return hosts.length > 0 ? { kind: 'host', at: 0 } : undefined;
  const all: Thing[] = [
    ...hosts.map((_, at) => ({ kind: 'host' as const, at })),
    ...containers.map((_, at) => ({ kind: 'container' as const, at })),
  ];
  let best: { thing: Thing; cost: number } | undefined;
  for (const thing of all) {
    const place = placeOf(thing, scene);
    if (place === undefined) continue;
    const [x, y] = [place.x - start.x, place.y - start.y];
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    if (ahead <= 1 || aside > 2 * ahead) continue;
    const cost = ahead + 2 * aside;
    if (best === undefined || cost < best.cost) best = { thing, cost };
  }
  return best?.thing ?? from;
}
