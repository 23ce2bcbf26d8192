import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { kept, show } from './show.ts';

const directory = mkdtempSync(join(tmpdir(), 'castnet-show-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A tool that answers each line with itself, or at length, and fails at those that say so, as iproute2 6.1 does. */
const toolPath = join(directory, 'tool');
writeFileSync(
  toolPath,
  `#!/bin/sh
  n=0; status=0
  while read -r line; do
    n=$((n + 1))
    case $line in
      fail* | end-of-batch) echo 'RTNETLINK answers: No such device' >&2; echo "Command failed -:$n" >&2; status=1 ;;
      pid) echo "[$$]" ;;
      long) printf '["%0200000d"]\\n' 0 ;;
      *) echo "[\\"$line\\"]" ;;
    esac
  done
  exit $status`,
);
chmodSync(toolPath, 0o755);

it('has one answer for each question, in order, without those that failed', async () => {
  expect(await show([toolPath], ['a', 'b'], ['fail', 'c'])).toEqual(['["a"]', '["b"]', '["c"]']);
  expect(await show([toolPath], [], ['fail'])).toEqual([]);
});

it('says the tool’s words when what must be answered is not', async () => {
  await expect(show([toolPath], ['a', 'fail'], ['c'])).rejects.toThrow('No such device');
  await expect(show([join(directory, 'none')], [], ['a'])).rejects.toThrow('ENOENT');
});

it('one that stays is asked again and again, and answers at length', async () => {
  const tool = kept([toolPath]);
  const [first] = await show(tool, ['pid']);
  expect(await show(tool, ['a'], ['b'])).toEqual(['["a"]', '["b"]']);
  const long = await show(tool, Array<string>(20).fill('long'));
  expect(long.map((it) => it.length)).toEqual(Array<number>(20).fill(200_004));
  expect(await show(tool, ['pid'])).toEqual([first]);
  await tool.retire();
});

it('one that failed at a question is not asked again, since it may have begun to answer', async () => {
  const tool = kept([toolPath]);
  const [first] = await show(tool, ['pid']);
  const [, answer] = await Promise.all([show(tool, ['pid'], ['fail']), show(tool, ['pid'])]);
  expect(answer).not.toEqual([first]);
  await tool.retire();
});

it('a tool that says nothing to what must be answered is an error, not an empty answer', async () => {
  const silent = kept([
    'sh',
    '-c',
    'while read -r line; do n=$((n + 1)); test "$line" = end-of-batch && echo "Command failed -:$n" >&2; done',
  ]);
  await expect(show(silent, ['a'])).rejects.toThrow('did not answer');
  await silent.retire();
});
