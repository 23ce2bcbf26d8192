import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withoutFiles } from '../system/testing/scarce.ts';
import { Batch } from './batch.ts';

const ip = () => new Batch(['ip', '-force', '-batch', '-']);

it('tells which of the lines failed and why, and goes on after them', async () => {
  const batch = ip();
  expect(await batch.run(['link show dev lo', 'link show dev none0', 'link show dev lo'])).toEqual([
    { line: 2, message: 'Device "none0" does not exist.' },
  ]);
  expect(await batch.run(['link show dev lo'])).toEqual([]);
  expect(await batch.run(['nonsense'])).toMatchObject([{ line: 1 }]);
  await batch.retire();
});

it('takes calls that overlap in their order, and goes on with a new child after it was retired', async () => {
  const batch = ip();
  const [one, , two] = await Promise.all([
    batch.run(['link show dev none1']),
    batch.retire(),
    batch.run(['link show dev none2']),
  ]);
  expect(one).toMatchObject([{ line: 1, message: expect.stringContaining('none1') }]);
  expect(two).toMatchObject([{ line: 1, message: expect.stringContaining('none2') }]);
  await batch.retire();
});

it('a child that ends is an error of the lines that wait, and the next get another', async () => {
  const flag = join(mkdtempSync(join(tmpdir(), 'castnet-batch-')), 'died');
  const dieOnce = `test -e ${flag} || { touch ${flag}; exit 3; }; exec ip -force -batch -`;
  const batch = new Batch(['sh', '-c', dieOnce]);
  await expect(batch.run(['link show dev lo'])).rejects.toThrow('ended with status 3');
  expect(await batch.run(['link show dev none3'])).toMatchObject([
    { message: expect.stringContaining('none3') },
  ]);
  await batch.retire();
  rmSync(dirname(flag), { recursive: true });
});

it('a child that hangs is ended, and the next lines get another', async () => {
  const batch = new Batch(['sleep', '60'], 50);
  await expect(batch.run(['a line'])).rejects.toThrow(/sleep 60/);
  const begin = performance.now();
  await expect(batch.run(['another'])).rejects.toThrow(/sleep 60/);
  expect(performance.now() - begin).toBeGreaterThan(40);
});

it('a program that is not there is an error in words', async () => {
  await expect(new Batch(['no-such-program']).run(['x'])).rejects.toThrow('ENOENT');
});

it('without files for a child (EMFILE) the lines are refused, and the next get one once it can be', async () => {
  const said = await withoutFiles(`
    import { Batch } from ${JSON.stringify(import.meta.resolve('./batch.ts'))};
    const batch = new Batch(['ip', '-force', '-batch', '-']);
    await batch.run(['link show dev lo']).catch((error) => console.log(error.message));
    release();
    console.log(await batch.run(['link show dev lo']));
    await batch.retire();
  `);
  expect(said).toBe('ip -force -batch -: spawn ip EMFILE\n[]\n');
});

/** A tool that answers each line but `quiet` and `bad` with its own pid; before it fails a line it writes `between`. */
const tool = (between: string): string[] => {
  const answer = 'echo "{\\"pid\\":$$}"';
  const fail = 'echo "Command failed -:$n" >&2';
  const lines = `end-of-batch) ${fail};; quiet) ;; bad) ${between}; ${fail}; sleep 0.2;; *) ${answer};;`;
  return ['sh', '-c', `n=0; while read line; do n=$((n+1)); case $line in ${lines} esac; done`];
};

it('an answer that is missing ends its child, so that it is not taken for another’s', async () => {
  const batch = new Batch(tool(':'));
  const [first] = (await batch.ask(['one'])).answers;
  expect((await batch.ask(['one'])).answers).toEqual([first]);
  expect((await batch.ask(['one', 'quiet'])).answers).toEqual([first]);
  expect((await batch.ask(['one'])).answers).not.toEqual([first]);
  await batch.retire();
});

it('takes what was answered while something else took its time between two reads', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'castnet-batch-'));
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const busy = (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const other = new Socket({ fd: openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK) });
  other.on('data', () => busy(400));
  const batch = new Batch(tool(`echo x > ${fifo}`));
  await batch.ask(['one']);
  await turn();
  // Ready at once are then, in this order: the first answer, the other, and the failure.
  const asked = batch.ask(['one', 'bad', 'two']);
  await new Promise(process.nextTick);
  busy(100);
  const { answers, failures } = await asked;
  other.destroy();
  rmSync(directory, { recursive: true });
  expect(failures).toHaveLength(1);
  expect(answers).toHaveLength(2);
});
