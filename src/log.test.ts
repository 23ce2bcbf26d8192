import { expect, it } from 'vitest';
import { openLog } from './log.ts';

function log(level: string) {
  const lines: string[] = [];
  return { lines, log: openLog(level, (line) => lines.push(line)) };
}

it('writes one line for an event, with what has blanks in quotes', () => {
  const { lines, log: it } = log('info');
  it.info({ step: 'add: "x"', count: 2, where: { a: 1 } }, 'forwarding changed');
  expect(lines).toEqual([
    'level=info msg="forwarding changed" step="add: \\"x\\"" count=2 where="{\\"a\\":1}"\n',
  ]);
});

it('tells an error with its message, and takes another level while it runs', () => {
  const { lines, log: it } = log('warn');
  it.info({}, 'not told');
  it.level = 'debug';
  it.error({ error: new Error('no bridge') }, 'failed');
  it.debug({}, 'told');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('no bridge');
  expect(lines[1]).toBe('level=debug msg=told\n');
});
