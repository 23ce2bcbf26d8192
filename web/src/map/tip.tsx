import { bytesPerSecond, count } from '../format.ts';
import { networkName, view } from '../state.ts';
import type { Point } from './layout.ts';
import type { Thing } from './scene.ts';

/** What is pointed at, beside it. */
export function Tip({ thing }: { thing: (Thing & Point) | undefined }) {
  if (thing === undefined) return <div class="tip" role="status" hidden />;
  const flip = thing.y < 110 ? 'below' : 'above';
  return (
    <div class={`tip ${flip}`} role="status" style={{ left: `${thing.x}px`, top: `${thing.y}px` }}>
      {thing.kind === 'host' ? <HostTip at={thing.at} /> : <ContainerTip at={thing.at} />}
    </div>
  );
}

function HostTip({ at }: { at: number }) {
  const { hosts, containers } = view.value;
  const host = hosts[at];
  if (host === undefined) return null;
  const own = containers.filter((it) => it.host === at).length;
  return (
    <>
      <strong>{host.name}</strong>
      <span>
        {host.address} · {count(own, 'container')}
      </span>
      {host.silent !== undefined && <span class="bad">{host.silent}</span>}
      {host.troubles.slice(0, 3).map((it) => (
        <span class="bad" key={it}>
          {it}
        </span>
      ))}
    </>
  );
}

function ContainerTip({ at }: { at: number }) {
  const it = view.value.containers[at];
  if (it === undefined) return null;
  return (
    <>
      <strong>{it.name}</strong>
      <span>
        {it.address} · {networkName(it.network)}
      </span>
      <span>
        ↑ {bytesPerSecond(it.sentBytes)} ↓ {bytesPerSecond(it.receivedBytes)}
      </span>
    </>
  );
}
