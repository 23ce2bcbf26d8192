import { bytesPerSecond } from '../format.ts';
import { onScreen } from './camera.ts';
import type { Pen, Scene } from './scene.ts';

/** So many names of a choice are written although they may touch. */
const NAMED = 24;

/** Names of containers where there is room for them, and of hosts always. */
export function paintNames(pen: Pen, scene: Scene): void {
  const { view, layout, camera, colors, bright, isChoice } = scene;
  pen.textAlign = 'center';
  pen.textBaseline = 'alphabetic';
  pen.lineJoin = 'round';
  const room = layout.spacing * camera.scale;
  pen.strokeStyle = colors.island;
  pen.lineWidth = 3;
  const ofChoice = isChoice ? view.containers.filter((_, at) => bright(at)).length : Infinity;
  if (room > 46 || ofChoice <= NAMED) {
    pen.font = '11px system-ui, sans-serif';
    for (const [at, it] of view.containers.entries()) {
      const place = layout.containers[at];
      if (place === undefined || (isChoice && !bright(at))) continue;
      const { x, y } = onScreen(camera, place);
      const below = y + layout.dot * camera.scale + 13;
      const name = shortened(it.name, Math.max(14, Math.floor(room / 5.4)));
      pen.strokeText(name, x, below);
      pen.fillStyle = colors.dim;
      pen.fillText(name, x, below);
    }
  }
  paintRates(pen, scene);
  pen.strokeStyle = colors.back;
  for (const [at, host] of view.hosts.entries()) {
    const place = layout.hosts[at];
    if (place === undefined) continue;
    const { x, y } = onScreen(camera, { x: place.x, y: place.y - place.r });
    pen.font = '600 13px system-ui, sans-serif';
    pen.fillStyle = host.silent === undefined ? colors.text : colors.bad;
    pen.strokeText(host.name, x, y - 8);
    pen.fillText(host.name, x, y - 8);
  }
}

/** What a container sends to the groups that are lit, on the side where its leg is not. */
function paintRates(pen: Pen, { view, lit, layout, camera, colors, isChoice }: Scene): void {
  if (!isChoice && layout.spacing * camera.scale <= 46) return;
  pen.font = '600 11px system-ui, sans-serif';
  pen.fillStyle = colors.text;
  for (const branch of lit) {
    if (branch.kind !== 'leg' || !branch.up || branch.bytes === 0) continue;
    const place = layout.containers[branch.container];
    if (place === undefined) continue;
    const hub = layout.hosts[view.containers[branch.container]?.host ?? -1];
    const { x, y } = onScreen(camera, place);
    const radius = layout.dot * camera.scale;
    const at = place.y > (hub?.y ?? 0) ? y + radius + 27 : y - radius - 8;
    pen.strokeText(bytesPerSecond(branch.bytes), x, at);
    pen.fillText(bytesPerSecond(branch.bytes), x, at);
  }
}

/** Docker's task names end in an id that tells people little. */
function shortened(name: string, length: number): string {
  const plain = name.replace(/(\.\d+)\.[a-z0-9]{25}$/, '$1');
  return plain.length <= length ? plain : `${plain.slice(0, Math.max(1, length - 1))}…`;
}
