/** What the bench's two kinds of plots share. Pure. */

/** Pixels; the charts stand two in a row. */
export const WIDTH = 860;
export const COLUMNS = 2;

export interface Page {
  /** For who cannot see it. */
  readonly title: string;
  readonly height: number;
  readonly style: string;
  readonly parts: readonly string[];
}

/** A whole SVG file. */
export function svgPage({ title, height, style, parts }: Page): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
