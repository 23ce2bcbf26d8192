/** Lines over the number of hosts, both axes logarithmic, as SVG for light and dark pages. Pure. */
import { figure } from '../result.ts';
import { COLUMNS, svgPage, WIDTH } from '../svg-page.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly hosts: number; readonly value: number }[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  /** Drawn as a dashed line. */
  readonly target?: number;
  readonly lines: readonly Line[];
}

const GAP = 36;
const HEIGHT = 190;
const HEAD = 44;
const LEFT = 56;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .unit, .tick { fill: #57606a; font-size: 12px; }
  .axis { stroke: #afb8c1; fill: none; }
  .target { stroke: #cf222e; stroke-dasharray: 5 4; fill: none; }
  .line { stroke: #0969da; stroke-width: 2; fill: none; }
  .line.other { stroke: #8250df; }
  .dot { fill: #0969da; } .dot.other { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .unit, .tick { fill: #9198a1; }
    .axis { stroke: #57606a; }
    .line { stroke: #4493f8; } .line.other { stroke: #ab7df8; }
    .dot { fill: #4493f8; } .dot.other { fill: #ab7df8; }
  }`;

/** Two charts in a row. */
export function drawLines(charts: readonly Chart[]): string {
  const width = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
  const rows = Math.ceil(charts.length / COLUMNS);
  const height = GAP / 2 + rows * (HEAD + HEIGHT + 56);
  const placed = charts.map((chart, i) => {
    const x = GAP + (i % COLUMNS) * (width + GAP);
    const y = GAP / 2 + Math.floor(i / COLUMNS) * (HEAD + HEIGHT + 56);
    return `<g transform="translate(${x} ${y})">${drawChart(chart, width)}</g>`;
  });
  const title = 'How castnet grows with the number of hosts';
  return svgPage({ title, height, style: STYLE, parts: placed });
}

function drawChart({ title, unit, target, lines }: Chart, width: number): string {
  const points = lines.flatMap((it) => it.points);
  const values = [...points.map((it) => it.value), ...(target === undefined ? [] : [target])];
  const least = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least * 10, 10 ** Math.ceil(Math.log10(Math.max(...values))));
  const hosts = [...new Set(points.map((it) => it.hosts))].sort((a, b) => a - b);
  const [first = 1, last = 10] = [hosts[0], hosts.at(-1)];
  const room = width - LEFT;
  const x = (value: number) =>
    LEFT + (Math.log(value / first) / Math.log(Math.max(first + 1, last) / first)) * room;
  const y = (value: number) =>
    HEAD + HEIGHT - (Math.log(value / least) / Math.log(most / least)) * HEIGHT;
  const at = (value: number) => value.toFixed(1);
  const parts = [
    `<text class="title" y="14">${title}</text>`,
    `<text class="unit" y="32">${unit}${target === undefined ? '' : `; target: below ${figure(target)}`}</text>`,
    `<path class="axis" d="M${LEFT} ${HEAD}V${HEAD + HEIGHT}H${width}"/>`,
    ...hosts.map(
      (it) =>
        `<text class="tick" x="${at(x(it))}" y="${HEAD + HEIGHT + 16}" text-anchor="middle">${it}</text>`,
    ),
  ];
  for (let tick = least; tick <= most * 1.001; tick *= 10) {
    parts.push(
      `<text class="tick" x="${LEFT - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${figure(tick)}</text>`,
    );
  }
  if (target !== undefined)
    parts.push(`<path class="target" d="M${LEFT} ${at(y(target))}H${width}"/>`);
  for (const [i, { name, points: own }] of lines.entries()) {
    const kind = i === 0 ? '' : ' other';
    const path = own.map((it, n) => `${n === 0 ? 'M' : 'L'}${at(x(it.hosts))} ${at(y(it.value))}`);
    parts.push(`<path class="line${kind}" d="${path.join('')}"/>`);
    for (const it of own) {
      parts.push(
        `<circle class="dot${kind}" cx="${at(x(it.hosts))}" cy="${at(y(it.value))}" r="3"/>`,
      );
    }
    const legend = HEAD + HEIGHT + 34;
    if (lines.length > 1) {
      parts.push(
        `<circle class="dot${kind}" cx="${LEFT + i * 170}" cy="${legend - 4}" r="4"/>`,
        `<text class="tick" x="${LEFT + 10 + i * 170}" y="${legend}">${name}</text>`,
      );
    }
  }
  return parts.join('\n');
}
