import { expect, it } from 'vitest';
import { ambiguousNames } from './names.ts';
import { parseTarget } from './target.ts';

const ADDRESSES: Record<string, { address: string; family: number }[]> = {
  one: [{ address: '10.0.0.1', family: 4 }],
  both: [
    { address: '10.0.0.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ],
  two: [
    { address: '10.0.0.1', family: 4 },
    { address: '10.0.0.2', family: 4 },
  ],
};

const check = (...names: string[]) =>
  ambiguousNames(
    names.map((it) => parseTarget(it)),
    async ({ host }) => (host === 'alias' ? 'two' : host),
    async (name) => ADDRESSES[name] ?? Promise.reject(new Error('ENOTFOUND')),
  );

it('names a host whose name leads to two', async () => {
  expect(await check('one', 'both', 'two', 'unknown', '10.0.0.1')).toMatchObject([
    { code: 'two-addresses', host: 'two', what: expect.stringContaining('10.0.0.1 and 10.0.0.2') },
  ]);
});

it('looks at what ssh makes of it, and not at this machine', async () => {
  expect(await check('alias', 'localhost')).toMatchObject([{ host: 'alias' }]);
});
