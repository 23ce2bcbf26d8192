/** Bar charts as SVG, readable on light and on dark pages. Pure. */
import { figure, type Series } from './result.ts';
import { COLUMNS, svgPage, WIDTH } from './svg-page.ts';

const GAP = 32;
const BAR = 17;
const LINE = 24;
const HEAD = 46;
const LABEL = 78;
const VALUE = 74;

/** The colours follow the reader's scheme; castnet's bar alone stands out. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .unit, .note { fill: #57606a; font-size: 12px; }
  .bar { fill: #afb8c1; }
  .own { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .unit, .note { fill: #9198a1; }
    .bar { fill: #57606a; }
    .own { fill: #4493f8; }
  }`;

/** A chart for each series, two in a row, each with its own scale from 0. */
export function drawSvg(series: readonly Series[]): string {
  const width = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
  const parts: string[] = [];
  let top = GAP / 2;
  for (let i = 0; i < series.length; i += COLUMNS) {
    const row = series.slice(i, i + COLUMNS);
    for (const [column, one] of row.entries()) {
      const x = GAP + column * (width + GAP);
      parts.push(`<g transform="translate(${x} ${top})">${chart(one, width)}</g>`);
    }
    top += HEAD + LINE * Math.max(...row.map((one) => one.values.length)) + GAP / 2;
  }
  return svgPage({ title: 'castnet measured beside its peers', height: top, style: STYLE, parts });
}

function chart({ title, unit, more, values }: Series, width: number): string {
  const most = Math.max(...values.map((it) => it.value));
  const room = width - LABEL - VALUE;
  const bars = values.map(({ name, value }, i) => {
    const y = HEAD + i * LINE;
    const length = Math.max(1, (value / most) * room).toFixed(1);
    const kind = name === 'castnet' ? 'own' : 'bar';
    const middle = y + BAR / 2 + 4.5;
    return (
      `<text x="${LABEL - 8}" y="${middle}" text-anchor="end">${escapeXml(name)}</text>` +
      `<rect class="${kind}" x="${LABEL}" y="${y}" width="${length}" height="${BAR}" rx="2"/>` +
      `<text x="${(LABEL + Number(length) + 6).toFixed(1)}" y="${middle}">${escapeXml(figure(value))}</text>`
    );
  });
  const hint = `${unit}, ${more ? 'more' : 'less'} is better`;
  return [
    `<text class="title" y="14">${escapeXml(title)}</text>`,
    `<text class="unit" y="32">${escapeXml(hint)}</text>`,
    ...bars,
  ].join('\n');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (it) => ENTITIES[it] ?? it);
