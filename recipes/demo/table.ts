/** The demo's table: a row for each listener, a column for each speaker. Pure. */
import { renderTable } from '../../src/cli/output.ts';
import { hears, known, label, others, pairs, type Scene } from './hearing.ts';

/** Head and rows; the order of the containers is kept. */
export function tableOf({ containers }: Scene): { head: string[]; rows: string[][] } {
  const head = ['CONTAINER', 'HOST', 'ADDRESS', ...containers.map(label), 'CLUSTER'];
  const rows = containers.map((listener) => {
    const marks = containers.map((speaker) => {
      if (speaker === listener) return ' ';
      return hears(listener, speaker) ? '✓' : '·';
    });
    const cluster =
      listener.report === undefined
        ? listener.state
        : `${known(listener, containers) + 1} of ${others(listener, containers).length + 1} nodes`;
    return [`client.${listener.slot}`, listener.host, listener.address, ...marks, cluster];
  });
  return { head, rows };
}

/** The table with its sum and legend, as lines. */
export function describeScene(scene: Scene): string[] {
  if (scene.containers.length === 0) return ['No container has been started yet.'];
  const { head, rows } = tableOf(scene);
  return [
    ...renderTable(head, rows).split('\n'),
    '',
    progress(scene),
    '✓ the row’s container receives the column’s multicast announcements (239.0.0.0:4445); · not so',
    'CLUSTER: nodes that Moleculer has connected, itself included',
  ];
}

/** One line: how far it is. */
export function progress(scene: Scene): string {
  const { heard, all } = pairs(scene);
  return `${heard} of ${all} ✓`;
}
