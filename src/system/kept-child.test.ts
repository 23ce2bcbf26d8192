import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type KeptChildOptions, keepRunning } from './kept-child.ts';
import { withoutFiles } from './testing/scarce.ts';

function keep(argv: readonly string[], more: Partial<KeptChildOptions> = {}) {
  const [lines, errors, ends]: [string[], string[], string[]] = [[], [], []];
  const child = keepRunning({
    ...{ argv, restartMs: 5, ...more },
    onLine: (line) => void lines.push(line),
    onErrorLine: (line) => void errors.push(line),
    onEnd: (reason) => void ends.push(reason),
  });
  return { child, lines, errors, ends };
}

it('gives both outputs line by line as they come', async () => {
  const { child, lines, errors, ends } = keep([
    'sh',
    '-c',
    'echo one; echo two >&2; exec sleep 60',
  ]);
  await vi.waitFor(() => expect([lines, errors]).toEqual([['one'], ['two']]));
  child.close();
  expect(ends).toEqual([]);
});

it('a program that ends is told of and started again', async () => {
  const flag = join(mkdtempSync(join(tmpdir(), 'castnet-kept-')), 'died');
  const dieOnce = `test -e ${flag} || { touch ${flag}; exit 3; }; echo back; exec sleep 60`;
  const { child, lines, ends } = keep(['sh', '-c', dieOnce]);
  await vi.waitFor(() => expect(lines).toEqual(['back']));
  expect(ends).toEqual([expect.stringMatching(/ended with status 3$/)]);
  child.close();
  rmSync(dirname(flag), { recursive: true });
});

it('a program that is not there is told of once for each try', async () => {
  const { child, ends } = keep(['no-such-program']);
  await vi.waitFor(() => expect(ends.length).toBeGreaterThan(1));
  expect(new Set(ends)).toEqual(new Set(['spawn no-such-program ENOENT']));
  child.close();
});

it('starts nothing more once it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const child = keepRunning({ argv: ['false'], onLine() {}, onEnd: resolve });
  await ended;
  expect(vi.getTimerCount()).toBe(1);
  child.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('a process without files for a child (EMFILE) goes on, and has its child once it can', async () => {
  const said = await withoutFiles(`
    import { keepRunning } from ${JSON.stringify(import.meta.resolve('./kept-child.ts'))};
    const child = keepRunning({
      argv: ['sh', '-c', 'echo here; exec sleep 60'],
      restartMs: 5,
      onLine(line) { console.log(line); child.close(); },
      onEnd(reason) { console.log(reason); release(); },
    });
  `);
  expect(said).toBe('spawn sh EMFILE\nhere\n');
});
