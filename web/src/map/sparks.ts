import { hueColor } from '../theme.ts';
import { type Curve, curveOf } from './paint.ts';
import type { Pen, Scene } from './scene.ts';

/** Dots that run along the branches: which way a group goes. */
export interface Sparks {
  /** @param at milliseconds of any clock */
  paint(pen: Pen, at: number): void;
}

interface Run {
  readonly curve: Curve;
  readonly color: string;
  readonly dots: number;
  /** Milliseconds from one end to the other. */
  readonly time: number;
  readonly phase: number;
}

/** More would be noise to the eye. */
const RUNS_AT_MOST = 400;
const PIXELS_PER_MS = 0.07;

/** Prepares the dots of a picture; legs have some only where a choice keeps them few. */
export function sparksOf(scene: Scene): Sparks {
  const runs = scene.lit
    .filter(
      (it) => it.bytes > 0 && (scene.isChoice || it.kind === 'trunk' || scene.lit.length < 150),
    )
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, RUNS_AT_MOST)
    .flatMap((branch, n): Run[] => {
      const curve = curveOf(branch, scene);
      if (curve === undefined) return [];
      const length = Math.hypot(curve.to.x - curve.from.x, curve.to.y - curve.from.y);
      const dots =
        branch.kind === 'leg' ? 1 : Math.min(4, 1 + Math.floor(Math.log10(branch.bytes + 1) / 2));
      const time = Math.max(500, length / PIXELS_PER_MS);
      return [{ curve, color: hueColor(branch.hue), dots, time, phase: (n * 0.37) % 1 }];
    });
  const radius = scene.isChoice ? 2.6 : 1.9;
  const dots = new Map(runs.map(({ color }) => [color, dotOf(color, radius)]));
  return {
    paint(pen, at) {
      for (const { curve, color, dots: count, time, phase } of runs) {
        const dot = dots.get(color);
        if (dot === undefined) continue;
        for (let n = 0; n < count; n++) {
          const t = (at / time + phase + n / count) % 1;
          const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
          const x = a * curve.from.x + b * curve.bend.x + c * curve.to.x;
          const y = a * curve.from.y + b * curve.bend.y + c * curve.to.y;
          pen.drawImage(dot, x - radius, y - radius, 2 * radius, 2 * radius);
        }
      }
    },
  };
}

/** A dot is painted once and then copied: hundreds of circles a frame would cost a slow machine much. */
function dotOf(color: string, radius: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const size = Math.ceil(2 * radius * 2);
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext('2d');
  if (pen !== null) {
    pen.fillStyle = color;
    pen.arc(size / 2, size / 2, size / 2, 0, 2 * Math.PI);
    pen.fill();
  }
  return canvas;
}
