import { hueColor, networkColor } from '../theme.ts';
import { type Camera, onScreen } from './camera.ts';
import type { Layout, Point } from './layout.ts';
import { paintNames } from './names.ts';
import type { Pen, Scene } from './scene.ts';
import type { Branch, Lit } from './trees.ts';

/** Ends and bend of a branch on the screen. */
export interface Curve {
  readonly from: Point;
  readonly bend: Point;
  readonly to: Point;
}

/** Trunks swing out a little, each hue by its own measure, so that they do not cover each other. */
export function curveOf(branch: Branch & { hue: number }, scene: Scene): Curve | undefined {
  const { layout, camera, view } = scene;
  const hub = (host: number) => {
    const place = layout.hosts[host];
    return place && onScreen(camera, place);
  };
  if (branch.kind === 'leg') {
    const it = view.containers[branch.container];
    const place = layout.containers[branch.container];
    const middle = it && hub(it.host);
    if (place === undefined || middle === undefined) return undefined;
    const end = onScreen(camera, place);
    const bend = { x: (end.x + middle.x) / 2, y: (end.y + middle.y) / 2 };
    return branch.up ? { from: end, bend, to: middle } : { from: middle, bend, to: end };
  }
  const [from, to] = [hub(branch.from), hub(branch.to)];
  if (from === undefined || to === undefined) return undefined;
  const swing = 0.1 + 0.045 * (branch.hue % 5);
  const bend = {
    x: (from.x + to.x) / 2 - (to.y - from.y) * swing,
    y: (from.y + to.y) / 2 + (to.x - from.x) * swing,
  };
  return { from, bend, to };
}

/** Pixels; a thousand times the rate is some three pixels more. */
export const widthOf = (bytes: number): number =>
  1 + Math.min(5, Math.max(0, Math.log10(bytes + 1) - 1.5)) * 0.8;

export function paint(pen: Pen, scene: Scene): void {
  paintHosts(pen, scene);
  paintTrees(pen, scene);
  paintContainers(pen, scene);
  paintNames(pen, scene);
}

function paintHosts(pen: Pen, { view, layout, camera, colors, hovered }: Scene): void {
  for (const [at, host] of view.hosts.entries()) {
    const place = layout.hosts[at];
    if (place === undefined) continue;
    const { x, y } = onScreen(camera, place);
    const isWrong = host.silent !== undefined || host.troubles.length > 0;
    const isHovered = hovered?.kind === 'host' && hovered.at === at;
    disc(pen, { x, y }, place.r * camera.scale);
    pen.fillStyle = colors.island;
    pen.fill();
    pen.lineWidth = isWrong || isHovered ? 2 : 1;
    pen.strokeStyle = isWrong ? colors.bad : isHovered ? colors.dim : colors.islandEdge;
    pen.setLineDash(host.silent === undefined ? [] : [5, 5]);
    pen.stroke();
    pen.setLineDash([]);
    disc(pen, { x, y }, hubRadius(layout, camera));
    pen.fillStyle = colors.hub;
    pen.fill();
  }
}

const hubRadius = ({ dot }: Layout, { scale }: Camera): number => Math.max(2.5, dot * 0.62 * scale);

function paintTrees(pen: Pen, scene: Scene): void {
  pen.lineCap = 'round';
  for (const { path, branch } of pathsOf(scene.faint, scene)) {
    stroke(pen, path, { color: hueColor(branch.hue), alpha: 0.09, width: 1 });
  }
  for (const { path, branch } of pathsOf(scene.lit, scene)) {
    const isLeg = branch.kind === 'leg';
    const color = hueColor(branch.hue);
    const width = isLeg ? Math.min(2, widthOf(branch.bytes)) : widthOf(branch.bytes);
    if (scene.isChoice) {
      stroke(pen, path, { color, alpha: 0.2, width: width + 5 });
      stroke(pen, path, { color, alpha: 1, width: Math.max(1.4, width * 0.8) });
    } else {
      stroke(pen, path, { color, alpha: isLeg ? 0.55 : 0.6, width: width * 0.8 });
    }
  }
  pen.globalAlpha = 1;
}

function stroke(
  pen: Pen,
  path: Path2D,
  look: { color: string; alpha: number; width: number },
): void {
  pen.strokeStyle = look.color;
  pen.globalAlpha = look.alpha;
  pen.lineWidth = look.width;
  pen.stroke(path);
}

/** One path for each look, so that thousands of legs cost few strokes. */
function pathsOf(branches: readonly Lit[], scene: Scene): Iterable<{ path: Path2D; branch: Lit }> {
  const paths = new Map<string, { path: Path2D; branch: Lit }>();
  for (const branch of branches) {
    const curve = curveOf(branch, scene);
    if (curve === undefined) continue;
    const key = `${branch.hue} ${branch.kind} ${Math.round(widthOf(branch.bytes) * 2)}`;
    const found = paths.get(key) ?? { path: new Path2D(), branch };
    paths.set(key, found);
    found.path.moveTo(curve.from.x, curve.from.y);
    found.path.quadraticCurveTo(curve.bend.x, curve.bend.y, curve.to.x, curve.to.y);
  }
  return paths.values();
}

function paintContainers(pen: Pen, scene: Scene): void {
  const { view, layout, camera, bright, hovered, colors, lit, isChoice } = scene;
  const radius = Math.max(2, layout.dot * camera.scale);
  const paths = new Map<string, Path2D>();
  for (const [at, it] of view.containers.entries()) {
    const place = layout.containers[at];
    if (place === undefined) continue;
    const { x, y } = onScreen(camera, place);
    const key = `${it.network} ${bright(at) ? 1 : 0.25}`;
    const path = paths.get(key) ?? new Path2D();
    paths.set(key, path);
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  for (const [key, path] of paths) {
    const [network, alpha] = key.split(' ').map(Number) as [number, number];
    pen.globalAlpha = alpha;
    pen.fillStyle = networkColor(network);
    pen.fill(path);
  }
  pen.globalAlpha = 1;
  for (const branch of lit) {
    // A ring around who sends, once there is a choice to tell it from.
    const place =
      branch.kind === 'leg' && branch.up ? layout.containers[branch.container] : undefined;
    if (!isChoice || place === undefined) continue;
    disc(pen, onScreen(camera, place), radius + 3.5);
    pen.lineWidth = 2;
    pen.strokeStyle = hueColor(branch.hue);
    pen.stroke();
  }
  const place = hovered?.kind === 'container' ? layout.containers[hovered.at] : undefined;
  if (place === undefined) return;
  disc(pen, onScreen(camera, place), radius + 4);
  pen.lineWidth = 2;
  pen.strokeStyle = colors.text;
  pen.stroke();
}

function disc(pen: Pen, { x, y }: Point, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}
