import type { Layout, Point } from './layout.ts';

/** How units of the layout become pixels of the canvas. */
export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** All of the layout, with room for names above the hosts. */
export function fitted({ box }: Layout, { width, height }: Size): Camera {
  const [side, top] = [14, 34];
  const scale = Math.min((width - 2 * side) / box.w, (height - side - top) / box.h, 2.2);
  return {
    scale,
    x: width / 2 - (box.x + box.w / 2) * scale,
    y: (height + top - side) / 2 - (box.y + box.h / 2) * scale,
  };
}

/** Nearer or farther, with the point under the pointer staying where it is. */
export function zoomed(camera: Camera, by: number, at: Point, smallest: number): Camera {
  const scale = Math.min(Math.max(camera.scale * by, smallest), 12);
  const grown = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * grown, y: at.y - (at.y - camera.y) * grown };
}

export const onScreen = ({ x, y, scale }: Camera, point: Point): Point => ({
  x: point.x * scale + x,
  y: point.y * scale + y,
});
