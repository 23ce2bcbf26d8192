import { expect, test } from 'vitest';
import { fakeEngine } from '../testing/plugin-engine.ts';
import { runChecks } from './checks.ts';
import { checkLines } from './plugin.ts';

const KERNEL = '6.1.0';

test('tries the kernel when the Engine is on this machine', async () => {
  const { results } = await runChecks({
    docker: fakeEngine().docker,
    kernel: KERNEL,
    tryFeature: async ({ name }) =>
      name === 'vxlan' ? { has: 'no', detail: 'Unknown device type.' } : { has: 'yes' },
  });
  expect(results.filter(({ ok }) => !ok)).toEqual([
    {
      name: 'Kernel vxlan',
      ok: false,
      detail: 'missing: Unknown device type. (carries the networks between hosts)',
      remedy: 'modprobe vxlan',
    },
  ]);
});

test.each([
  ['ssh://host', KERNEL],
  ['unix:///desktop.sock', '5.0.0-other'],
])('does not judge the kernel behind %s', async (dockerHost, kernel) => {
  const { results } = await runChecks({ docker: fakeEngine().docker, dockerHost, kernel });
  const found = results.filter(({ name }) => name.startsWith('Kernel'));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ ok: true, detail: expect.stringContaining('from here') });
});

test('one result when the Engine does not answer', async () => {
  const { docker } = fakeEngine({ fails: { version: 'permission denied' } });
  const { results, engine } = await runChecks({ docker });
  expect(engine).toBeUndefined();
  expect(results).toMatchObject([{ ok: false, remedy: expect.stringContaining('root') }]);
});

test.each([
  [{ Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12' }, /1.40 at most/, /Upgrade/],
  [{ Version: '99.0', ApiVersion: '2.1', MinAPIVersion: '1.99' }, /1.99 at least/, /castnet/],
])(
  'an Engine that speaks too old or too new an API is no place for the plugin',
  async (version, detail, remedy) => {
    const { results } = await runChecks({ docker: fakeEngine({ version }).docker });
    const [engine] = results;
    expect(engine).toMatchObject({ name: 'Docker Engine', ok: false });
    expect(engine?.detail).toMatch(detail);
    expect(engine?.remedy).toMatch(remedy);
  },
);

test.each([
  ['amd64', true],
  ['arm64', true],
  ['arm', false],
  ['riscv64', false],
])('an Engine of linux %s: %s', async (architecture, ok) => {
  const { results } = await runChecks({ docker: fakeEngine({ architecture }).docker });
  const platform = results.find(({ name }) => name === 'Platform');
  expect(platform).toMatchObject({ ok, detail: expect.stringContaining(`linux ${architecture}`) });
  if (!ok) expect(platform?.detail).toContain('made for linux amd64 and arm64');
});

test('prints a remedy below its finding', () => {
  const lines = checkLines([{ name: 'Root', ok: false, detail: 'rootless', remedy: 'do this' }]);
  expect(lines).toEqual(['✗ Root  rootless', '        do this']);
});
