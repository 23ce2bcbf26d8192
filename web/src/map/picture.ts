import { effect } from '@preact/signals';
import {
  choose,
  containers as filtered,
  groups,
  keyOfContainer,
  onlyNetwork,
  query,
  selection,
  view,
} from '../state.ts';
import { isStill, paints } from '../theme.ts';
import { type Camera, fitted, type Size, zoomed } from './camera.ts';
import { chosenContainers, chosenGroups } from './choice.ts';
import { type Layout, layOut, layoutKey, type Point } from './layout.ts';
import { paint } from './paint.ts';
import { listenToPointer } from './pointer.ts';
import { nextThing, placeOf, type Scene, type Thing, thingAt } from './scene.ts';
import { type Sparks, sparksOf } from './sparks.ts';
import { allTrees } from './trees.ts';

/** All trees of a large Swarm at once are a tangle: the busiest are lit, the others are faint. */
const LIT = 16;

/** What is drawn, and what a pointer and keys do to it. */
export class Picture {
  readonly #frame: HTMLElement;
  readonly #still: HTMLCanvasElement;
  readonly #moving: HTMLCanvasElement;
  readonly #onHover: (found: (Thing & Point) | undefined) => void;
  readonly #ends: (() => void)[] = [];
  #size: Size = { width: 0, height: 0 };
  #layout: Layout | undefined;
  #layoutKey = '';
  /** Undefined: all is shown, whatever comes. */
  #camera: Camera | undefined;
  #scene: Scene | undefined;
  #sparks: Sparks | undefined;
  #hovered: Thing | undefined;
  #isStale = true;
  #closed = false;

  constructor(frame: HTMLElement, onHover: (found: (Thing & Point) | undefined) => void) {
    this.#frame = frame;
    this.#onHover = onHover;
    [this.#still, this.#moving] = [...frame.querySelectorAll('canvas')] as [
      HTMLCanvasElement,
      HTMLCanvasElement,
    ];
    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(frame);
    this.#ends.push(() => resized.disconnect());
    this.#ends.push(
      effect(() => {
        // Read here, so that a change of any of them is a new picture.
        void [view.value, selection.value, paints.value, filtered.value, groups.value];
        this.#isStale = true;
      }),
    );
    this.#listen();
    const turn = (at: number): void => {
      if (this.#closed) return;
      this.#draw(at);
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    const ratio = Math.min(2, devicePixelRatio);
    this.#size = { width, height };
    for (const canvas of [this.#still, this.#moving]) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.getContext('2d')?.scale(ratio, ratio);
    }
    this.#isStale = true;
  }

  #draw(at: number): void {
    const { width, height } = this.#size;
    const still = this.#still.getContext('2d');
    const moving = this.#moving.getContext('2d');
    if (still === null || moving === null || width === 0) return;
    if (this.#isStale) {
      this.#isStale = false;
      this.#scene = this.#makeScene();
      still.clearRect(0, 0, width, height);
      paint(still, this.#scene);
      this.#sparks = isStill.matches ? undefined : sparksOf(this.#scene);
    }
    moving.clearRect(0, 0, width, height);
    this.#sparks?.paint(moving, at);
  }

  #makeScene(): Scene {
    const now = view.value;
    const aspect = this.#size.width / Math.max(1, this.#size.height);
    const key = layoutKey(now, aspect);
    if (this.#layout === undefined || key !== this.#layoutKey) {
      this.#layout = layOut(now, aspect);
      this.#layoutKey = key;
    }
    const chosen = selection.value;
    const lit = chosenGroups(now, chosen);
    const isFiltered = query.value !== '' || onlyNetwork.value !== undefined;
    const bright =
      chosen !== undefined
        ? chosenContainers(now, chosen, lit ?? [])
        : isFiltered
          ? new Set(filtered.value)
          : undefined;
    return {
      view: now,
      layout: this.#layout,
      camera: this.#camera ?? fitted(this.#layout, this.#size),
      colors: paints.value,
      // A group that is chosen is shown though nobody sends to it.
      lit: lit === undefined ? allTrees(now, groups.value.slice(0, LIT)) : allTrees(now, lit, true),
      faint: lit === undefined ? allTrees(now, groups.value.slice(LIT)) : [],
      isChoice: chosen !== undefined,
      bright: (at) => bright?.has(at) ?? true,
      hovered: this.#hovered,
    };
  }

  #listen(): void {
    const ending = new AbortController();
    const { signal } = ending;
    this.#moving.addEventListener('keydown', (event) => this.#key(event), { signal });
    this.#moving.addEventListener('blur', () => this.#hover(undefined), { signal });
    const zoom = ({ target }: Event) => {
      const what = (target as HTMLElement).dataset.zoom;
      if (what !== undefined) this.#zoomBy(what);
    };
    this.#frame.addEventListener('click', zoom, { signal });
    const end = listenToPointer(this.#moving, {
      pointAt: (point) => this.#hover(this.#thingAt(point)),
      choose: (point) => this.#choose(this.#thingAt(point)),
      move: ({ x, y }) => {
        const camera = this.#scene?.camera;
        if (camera) this.#look({ ...camera, x: camera.x + x, y: camera.y + y });
      },
      zoom: (by, at) => this.#zoom(by, at),
    });
    this.#ends.push(end, () => ending.abort());
  }

  #key(event: KeyboardEvent): void {
    const way = WAYS[event.key];
    const zoom = { '+': 'in', '=': 'in', '-': 'out', '0': 'fit' }[event.key];
    if (way !== undefined) this.#hover(this.#scene && nextThing(this.#scene, this.#hovered, way));
    else if (zoom !== undefined) this.#zoomBy(zoom);
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#hovered);
    else return;
    event.preventDefault();
  }

  #thingAt(point: Point | undefined): Thing | undefined {
    return point && this.#scene && thingAt(point, this.#scene);
  }

  #hover(thing: Thing | undefined): void {
    if (thing?.kind === this.#hovered?.kind && thing?.at === this.#hovered?.at) return;
    this.#hovered = thing;
    this.#isStale = true;
    this.#moving.style.cursor = thing === undefined ? 'grab' : 'pointer';
    const place = thing && this.#scene && placeOf(thing, this.#scene);
    this.#onHover(thing && place && { ...thing, ...place });
  }

  #choose(thing: Thing | undefined): void {
    if (thing === undefined) selection.value = undefined;
    else if (thing.kind === 'container')
      choose({ kind: 'container', key: keyOfContainer(thing.at) });
    else choose({ kind: 'host', key: view.value.hosts[thing.at]?.address ?? '' });
  }

  #zoomBy(what: string): void {
    const middle = { x: this.#size.width / 2, y: this.#size.height / 2 };
    if (what === 'fit') this.#look(undefined);
    else this.#zoom(what === 'in' ? 1.4 : 1 / 1.4, middle);
  }

  #zoom(by: number, at: Point): void {
    const { camera, layout } = this.#scene ?? {};
    if (camera === undefined || layout === undefined) return;
    this.#look(zoomed(camera, by, at, fitted(layout, this.#size).scale * 0.7));
  }

  #look(camera: Camera | undefined): void {
    this.#camera = camera;
    this.#hover(undefined);
    this.#isStale = true;
  }
}

const WAYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
