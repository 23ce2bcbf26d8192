import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Point } from './layout.ts';
import { Picture } from './picture.ts';
import type { Thing } from './scene.ts';
import { Tip } from './tip.tsx';

/** The live picture of the Swarm: a still canvas, and one above it for what moves. */
export function SwarmMap() {
  const frame = useRef<HTMLDivElement>(null);
  const tip = useSignal<(Thing & Point) | undefined>(undefined);
  useEffect(() => {
    if (frame.current === null) return undefined;
    const picture = new Picture(frame.current, (found) => {
      tip.value = found;
    });
    return () => picture.close();
  }, []);
  return (
    <div class="map" ref={frame}>
      <canvas class="still" />
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes the keys itself */}
      <canvas
        class="moving"
        tabIndex={0}
        role="application"
        aria-label="Hosts and containers. Arrow keys go from one to the next, Enter selects, plus and minus zoom, 0 shows all."
      />
      <Tip thing={tip.value} />
      <div class="zoom">
        <button type="button" data-zoom="in" title="Nearer (+)">
          +
        </button>
        <button type="button" data-zoom="out" title="Farther (−)">
          −
        </button>
        <button type="button" data-zoom="fit" title="All (0)">
          ⤢
        </button>
      </div>
    </div>
  );
}
