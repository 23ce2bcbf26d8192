import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
