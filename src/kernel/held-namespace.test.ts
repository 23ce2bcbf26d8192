import { expect, it } from 'vitest';
import { HeldNamespace } from './held-namespace.ts';

/** A path, and what is bound there. */
function path(fails = false) {
  const at = { number: '7' as string | undefined, bound: 0, restored: 0, fails };
  const held = new HeldNamespace({
    there: () => at.number,
    bind: async () => {
      at.bound += 1;
      if (at.fails) throw new Error('mount: permission denied');
      at.number = '7';
    },
  });
  return { at, held, hold: () => held.hold(() => at.restored++) };
}

it('nothing is done before the namespace is held, and while it is there', async () => {
  const { at, held, hold } = path();
  at.number = undefined;
  await held.look();
  at.number = '7';
  hold();
  await held.look();
  expect(at.bound).toBe(0);
});

it.each([
  ['gone', undefined],
  ['another', '8'],
])('it is put back once when what is at its path is %s, however many look', async (_what, now) => {
  const { at, held, hold } = path();
  hold();
  at.number = now;
  await Promise.all([held.look(), held.look()]);
  await held.look();
  expect(at).toMatchObject({ number: '7', bound: 1, restored: 1 });
});

it('what failed is told, and tried again', async () => {
  const { at, held, hold } = path(true);
  hold();
  at.number = undefined;
  await expect(held.look()).rejects.toThrow('permission denied');
  at.fails = false;
  await held.look();
  expect(at).toMatchObject({ number: '7', bound: 2, restored: 1 });
});
