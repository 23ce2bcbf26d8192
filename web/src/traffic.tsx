import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { History } from '../../src/core/views/dashboard.ts';
import { bytesPerSecond } from './format.ts';
import { chosenGroups } from './map/choice.ts';
import { history, keyOfGroup, networkName, onlyNetwork, selection, view } from './state.ts';
import { groupColor, hueColor, isDark, paints } from './theme.ts';

interface Line {
  readonly label: string;
  readonly color: string;
  /** Lengths of strokes and gaps, pixels; none for a whole line. */
  readonly dash: number[];
  readonly values: readonly (number | null)[];
}

const GROUPS = 6;

/** Traffic of the last five minutes, by network and by group. */
export function Traffic() {
  const now = history.value;
  return (
    <div class="plots">
      <Plot title="By network: sent by containers" times={now.at} lines={networkLines(now)} />
      <Plot title={groupTitle()} times={now.at} lines={groupLines(now)} />
    </div>
  );
}

function networkLines({ networks }: History): Line[] {
  return view.value.networks.flatMap(({ name }, at) => {
    if (onlyNetwork.value !== undefined && name !== onlyNetwork.value) return [];
    return [{ label: name, color: hueColor(at), dash: [], values: networks[name] ?? [] }];
  });
}

const groupTitle = (): string =>
  selection.value === undefined
    ? 'By group: the busiest'
    : 'By group: the busiest of the selection';

function groupLines({ groups }: History): Line[] {
  const chosen = chosenGroups(view.value, selection.value) ?? view.value.groups;
  const shown = chosen.filter(
    (it) => onlyNetwork.value === undefined || networkName(it.network) === onlyNetwork.value,
  );
  const total = (values: readonly (number | null)[]) =>
    values.reduce<number>((sum, it) => sum + (it ?? 0), 0);
  return shown
    .map((group) => ({ group, label: keyOfGroup(group), values: groups[keyOfGroup(group)] ?? [] }))
    .map((it) => ({ ...it, sum: total(it.values) }))
    .sort((a, b) => b.sum - a.sum)
    .slice(0, GROUPS)
    .map(({ label, values, group }, rank) => {
      const isOwn = view.value.networks.length < 2;
      const dash = isOwn ? [] : (DASHES[rank % DASHES.length] ?? []);
      return { label, values, color: groupColor(group), dash };
    });
}

/** Groups that share the colour of their network are told apart by these. */
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [14, 5]];

const HEIGHT = 210;

function Plot({ title, times, lines }: { title: string; times: readonly number[]; lines: Line[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [times.map((it) => it / 1000), ...lines.map((it) => it.values)] as uPlot.AlignedData;
  // A plot is made anew when its lines or its colours are others; else it only gets new values.
  const look = `${isDark.value} ${lines.map((it) => it.label).join('|')}`;
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const options = optionsOf(element.clientWidth, lines);
    const made = new uPlot({ ...options, hooks: { ready: [tellNewest] } }, data, element);
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [look]);
  useEffect(() => {
    plot.current?.setData(data);
    if (plot.current !== undefined) tellNewest(plot.current);
  });
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={frame} />
      {lines.length === 0 && <p class="none">Nothing yet.</p>}
    </figure>
  );
}

/** Without a pointer over the plot, its legend tells the newest values. */
function tellNewest(plot: uPlot): void {
  if ((plot.cursor.left ?? -1) < 0) plot.setLegend({ idx: plot.data[0].length - 1 });
}

function optionsOf(width: number, lines: readonly Line[]): uPlot.Options {
  const { dim, islandEdge } = paints.value;
  const axis = {
    stroke: dim,
    font: '11px system-ui, sans-serif',
    grid: { stroke: islandEdge, width: 1 },
  };
  return {
    width,
    height: HEIGHT,
    cursor: { y: false, points: { size: 6 } },
    scales: {
      // At first there are few points: they shall not fill the plot.
      x: { range: (_, from, to) => [Math.min(from, to - 60), to] },
      y: { range: (_, __, most) => [0, Math.max(most * 1.1, 100)] },
    },
    axes: [
      { ...axis, values: CLOCK },
      { ...axis, size: 78, values: (_, ticks) => ticks.map((it) => bytesPerSecond(it)) },
    ],
    series: [
      { label: 'time', value: '{HH}:{mm}:{ss}' },
      ...lines.map(({ label, color, dash }) => ({
        ...{ label, stroke: color, dash, width: 1.6, points: { show: false } },
        value: (_: uPlot, it: number | null) => (it == null ? '–' : bytesPerSecond(it)),
      })),
    ],
  };
}

const CLOCK: uPlot.Axis.DynamicValues = (_, ticks) =>
  ticks.map((it) => new Date(it * 1000).toTimeString().slice(0, it % 60 === 0 ? 5 : 8));
