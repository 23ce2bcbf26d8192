/** What an agent keeps running, and what doctor finds where one network cannot be tried. */
import { expect, it } from 'vitest';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { castnetJson } from './support/command.ts';
import { useCrew } from './support/crew.ts';
import { untilHeard } from './support/group.ts';
import { useSharedLab } from './support/shared-lab.ts';

const lab = useSharedLab('kept');
/** In the range of probes' own addresses (RFC 2544), of which a network cannot be probed. */
const { station } = useCrew(lab, { network: 'kept', args: ['--subnet', '198.18.7.0/24'] });

const CHILDREN = ['bridge -details monitor link mdb', 'ip monitor address link route rule'];

/** The pids of a host's children that report, one for each; it fails while one does not run. */
async function reporters(host: LabHost): Promise<string[]> {
  const found = CHILDREN.map((it) => host.exec(['pgrep', '-xf', it]));
  const pids = (await Promise.all(found)).map((it) => it.stdout.trim());
  expect(
    pids.every((it) => /^\d+$/.test(it)),
    pids.join('; '),
  ).toBe(true);
  return pids;
}

it('children that report and die are started again, and what they report is heard', async () => {
  const host = lab().host('h2');
  const before = await reporters(host);
  await host.exec(['kill', '-9', ...before]);
  const after = await until(() => reporters(host), {
    what: 'both children again',
    timeoutMs: 10_000,
  });
  expect(after.filter((it) => before.includes(it))).toEqual([]);
  await station('h2').join('239.44.0.1');
  await untilHeard({ from: station('h1'), at: station('h2'), group: '239.44.0.1' });
});

it('doctor names a network that cannot be probed, beside all else', async () => {
  const { value } = await castnetJson(lab().host('h1'), 'doctor');
  const codes = Object.fromEntries(
    value.checks.map(({ name, findings }) => [name, findings.map((it) => it.code)]),
  );
  expect(codes['Packets on kept']).toEqual(['not-probed']);
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(['Docker Engine', 'Packets']));
});
