/** Charts as one SVG file, readable on light and on dark pages. Pure. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { figure, type Series } from './result.ts';

/** Pixels; the charts stand two in a row. */
const WIDTH = 400;
const GAP = 24;
const COLUMNS = 2;

/** The colours follow the reader's scheme. */
const STYLE = `
  svg { color: #24292f; --own: #0969da; --other: #8250df; --bar: #afb8c1; --limit: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; --own: #4493f8; --other: #ab7df8; --bar: #57606a; }
  }`;

/** What a chart says above its marks, and how. */
interface Look extends Plot.PlotOptions {
  readonly title: string;
  readonly subtitle: string;
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

function draw({ title, subtitle, marks = [], ...options }: Look): Drawn {
  const { document } = parseHTML('<html></html>');
  const top = { frameAnchor: 'top-left', dx: -(options.marginLeft ?? 0) } as const;
  const svg = Plot.plot({
    ...{ document, width: WIDTH, marginTop: 48, ...options },
    style: { background: 'none', fontSize: '12px' },
    marks: [
      ...marks,
      Plot.text([title], { ...top, dy: -48, fontSize: 13, fontWeight: 'bold' }),
      Plot.text([subtitle], { ...top, dy: -30, fillOpacity: 0.7 }),
    ],
  });
  return { svg: svg.outerHTML, height: Number(svg.getAttribute('height')) };
}

/** @param title for who cannot see the file */
function page(title: string, charts: readonly Drawn[]): string {
  const parts: string[] = [];
  let height = GAP;
  for (let i = 0; i < charts.length; i += COLUMNS) {
    const row = charts.slice(i, i + COLUMNS);
    for (const [column, { svg }] of row.entries()) {
      const x = GAP + column * (WIDTH + GAP);
      parts.push(`<g transform="translate(${x} ${height})">${svg}</g>`);
    }
    height += Math.max(...row.map((it) => it.height)) + GAP;
  }
  const width = GAP + COLUMNS * (WIDTH + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${title}</title><style>${STYLE}</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Bars for each series, each with its own scale from 0; castnet's bar alone stands out. */
export function drawBars(title: string, series: readonly Series[]): string {
  const bars = ({ title, unit, more, values }: Series): Drawn =>
    draw({
      ...{ title, subtitle: `${unit}, ${more ? 'more' : 'less'} is better` },
      ...{ marginLeft: 80, marginRight: 60, marginBottom: 4, height: 52 + 24 * values.length },
      x: { axis: null },
      y: { label: null, domain: values.map((it) => it.name), tickSize: 0 },
      marks: [
        Plot.barX(values, {
          ...{ x: 'value', y: 'name', insetTop: 1, insetBottom: 1 },
          fill: ({ name }) => (name.startsWith('castnet') ? 'var(--own)' : 'var(--bar)'),
        }),
        Plot.text(values, {
          ...{ x: 'value', y: 'name', textAnchor: 'start', dx: 6 },
          text: ({ value }) => figure(value),
        }),
      ],
    });
  return page(title, series.map(bars));
}

export interface Growth {
  readonly title: string;
  readonly unit: string;
  /** Drawn as a dashed line. */
  readonly target?: number;
  readonly points: readonly {
    readonly hosts: number;
    readonly value: number;
    /** Which line it is on; the first has castnet's colour. */
    readonly line: string;
  }[];
}

/** Lines over the number of hosts, both axes logarithmic. */
export function drawGrowth(title: string, charts: readonly Growth[]): string {
  const lines = ({ title, unit, target, points }: Growth): Drawn => {
    const names = [...new Set(points.map((it) => it.line))];
    const hosts = [...new Set(points.map((it) => it.hosts))];
    const of = { x: 'hosts', y: 'value', stroke: 'line' } as const;
    return draw({
      ...{
        title,
        subtitle: target === undefined ? unit : `${unit}; target: below ${figure(target)}`,
      },
      ...{ marginLeft: 56, marginBottom: 36, height: 280 },
      x: { type: 'log', label: 'hosts', ticks: hosts, tickFormat: String },
      y: { type: 'log', label: null, nice: true, ticks: 4, tickFormat: figure },
      color: { domain: names, range: ['var(--own)', 'var(--other)'] },
      marks: [
        ...(target === undefined
          ? []
          : [Plot.ruleY([target], { stroke: 'var(--limit)', strokeDasharray: '5 4' })]),
        Plot.lineY(points, { ...of, marker: 'circle', strokeWidth: 2 }),
        Plot.text(
          names.length > 1 ? points : [],
          Plot.selectLast({
            ...{ x: 'hosts', y: 'value', z: 'line', text: 'line', fill: 'line' },
            ...{ textAnchor: 'end', dy: -10 },
          }),
        ),
      ],
    });
  };
  return page(title, charts.map(lines));
}
