import type { Point } from './layout.ts';

/** What a pointer asks of the picture. */
export interface Hands {
  pointAt(point: Point | undefined): void;
  choose(point: Point): void;
  move(by: Point): void;
  zoom(by: number, at: Point): void;
}

/** A pointer that moved less, pixels, meant to click. */
const STILL = 4;

/** Mouse, pen and fingers: one drags, two zoom. @returns what ends it */
export function listenToPointer(element: HTMLElement, hands: Hands): () => void {
  const ending = new AbortController();
  const on = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    take: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, take, { passive: false, signal: ending.signal });
  const held = new Map<number, Point>();
  let moved = 0;
  on('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId);
    held.set(event.pointerId, pointOf(event));
    moved = 0;
  });
  on('pointermove', (event) => {
    const before = held.get(event.pointerId);
    const now = pointOf(event);
    if (before === undefined) return hands.pointAt(now);
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    held.set(event.pointerId, now);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (moved < STILL) return;
    if (other === undefined) return hands.move({ x: now.x - before.x, y: now.y - before.y });
    const far = (it: Point) => Math.hypot(it.x - other.x, it.y - other.y);
    hands.zoom(far(now) / Math.max(1, far(before)), other);
  });
  on('pointerup', (event) => {
    if (held.delete(event.pointerId) && moved < STILL) hands.choose(pointOf(event));
  });
  on('pointercancel', (event) => void held.delete(event.pointerId));
  on('pointerleave', () => hands.pointAt(undefined));
  on('wheel', (event) => {
    // Over a picture that was not clicked, the wheel scrolls the page.
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== element) return;
    event.preventDefault();
    hands.zoom(Math.exp(-(event.deltaY || event.deltaX) / 400), pointOf(event));
  });
  return () => ending.abort();
}

const pointOf = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });
