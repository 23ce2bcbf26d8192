import { expect, it } from 'vitest';
import type { ProbeReport } from '../../contract/commands.ts';
import type { NetworkReport, PeerReport } from '../../contract/report.ts';
import { aReport } from '../../contract/testing/report.ts';
import { UserError } from '../output.ts';
import { packetsChecks } from './packets.ts';

const network = (id: string, ...hosts: string[]) =>
  ({ id, name: `name-of-${id}`, hosts }) as unknown as NetworkReport;

const own = {
  ...aReport({}),
  peers: [{ address: '10.9.0.2', networks: [] } as unknown as PeerReport],
  networks: [
    network('a', '10.9.0.1', '10.9.0.2'),
    network('alone', '10.9.0.1'),
    network('b', 'x', 'y'),
  ],
};

const passed = { hosts: [1, 2], findings: [] } as unknown as ProbeReport;

it('a network that cannot be probed, as of the probes’ own addresses, hides nothing of the others', async () => {
  const asked: unknown[] = [];
  const checks = await packetsChecks(own, async (id) => {
    asked.push(id);
    if (id === 'a') throw new UserError('network a has the subnet 198.18.0.0/24');
    return passed;
  });
  expect(asked).toEqual([undefined, 'a', 'b']);
  expect(checks.map((it) => [it.name, it.findings.map((one) => one.code)])).toEqual([
    ['Packets', []],
    ['Packets on name-of-a', ['not-probed']],
    ['Packets on name-of-b', []],
  ]);
  expect(checks[1]?.findings[0]).toMatchObject({
    severity: 'warning',
    what: 'whether packets pass on name-of-a was not tried: network a has the subnet 198.18.0.0/24',
  });
});

it('of an encrypted network the port is WireGuard’s', async () => {
  const wireguard = { by: 'kernel', port: 51890, key: 'k', peers: [] } as const;
  const checks = await packetsChecks({ ...own, wireguard }, async (id) =>
    id === 'a' ? { ...passed, encrypted: true } : passed,
  );
  expect(checks.slice(0, 2).map((it) => it.detail)).toEqual([
    expect.stringMatching(/between 2 hosts at UDP port 4789$/),
    expect.stringMatching(/between 2 hosts in WireGuard at UDP port 51890$/),
  ]);
});

it('is done where no other host is known', async () => {
  const checks = await packetsChecks({ ...own, peers: [] }, async () => passed);
  expect(checks).toMatchObject([{ detail: 'no other host is known here', findings: [] }]);
});
