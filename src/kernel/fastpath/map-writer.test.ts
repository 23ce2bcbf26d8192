import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MapWriter } from './map-writer.ts';

/** As bpftool 7.1: it says its usage when asked, and ends at a line that it cannot take. */
const tool = `echo start >&2; while read line; do case $line in
  help) echo 'Usage: bpftool [OPTIONS] OBJECT { COMMAND | help }' >&2; echo '  bpftool batch file FILE' >&2;;
  bad) echo 'Error: get map by id (9): No such file or directory' >&2; exit 254;;
  slow) sleep 0.1;;
  *) echo "$$ $line" >> "$0";;
esac; done`;

async function written(work: (writer: MapWriter) => Promise<void>): Promise<string[][]> {
  const directory = await mkdtemp(join(tmpdir(), 'castnet-writer-'));
  const writer = new MapWriter(['sh', '-c', tool, `${directory}/taken`]);
  await work(writer);
  await writer.retire();
  const text = await readFile(`${directory}/taken`, 'utf8');
  await rm(directory, { recursive: true });
  return text
    .trim()
    .split('\n')
    .map((it) => it.split(' '));
}

it('takes calls in their order, by one child', async () => {
  const taken = await written(async (writer) => {
    await Promise.all([writer.write(['slow', 'a']), writer.write(['b', 'c'])]);
    await writer.write(['d']);
  });
  expect(taken.map(([, line]) => line)).toEqual(['a', 'b', 'c', 'd']);
  expect(new Set(taken.map(([pid]) => pid)).size).toBe(1);
});

it('says what was refused; what comes after it is taken by another', async () => {
  const taken = await written(async (writer) => {
    await expect(writer.write(['a', 'bad', 'b'])).rejects.toThrow('get map by id (9)');
    await writer.write(['c']);
  });
  expect(taken.map(([, line]) => line)).toEqual(['a', 'c']);
  expect(new Set(taken.map(([pid]) => pid)).size).toBe(2);
});

it('a program that is not there is an error in words', async () => {
  await expect(new MapWriter(['no-such-program']).write(['a'])).rejects.toThrow('ENOENT');
});
