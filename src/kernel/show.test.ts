import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { show } from './show.ts';

const directory = mkdtempSync(join(tmpdir(), 'castnet-show-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A tool that answers each line with itself, and fails at those that say so, as iproute2 6.1 does. */
const tool = join(directory, 'tool');
writeFileSync(
  tool,
  `#!/bin/sh
  n=0; status=0
  while read -r line; do
    n=$((n + 1))
    case $line in
      fail*) echo 'RTNETLINK answers: No such device' >&2; echo "Command failed -:$n" >&2; status=1 ;;
      *) echo "[\\"$line\\"]" ;;
    esac
  done
  exit $status`,
);
chmodSync(tool, 0o755);

it('has one answer for each question, in order, without those that failed', async () => {
  expect(await show([tool], ['a', 'b'], ['fail', 'c'])).toEqual(['["a"]', '["b"]', '["c"]']);
  expect(await show([tool], [], ['fail'])).toEqual([]);
});

it('says the tool’s words when what must be answered is not', async () => {
  await expect(show([tool], ['a', 'fail'], ['c'])).rejects.toThrow('No such device');
  await expect(show([join(directory, 'none')], [], ['a'])).rejects.toThrow('ENOENT');
});
