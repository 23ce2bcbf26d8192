/** `castnet up` on one of the hosts itself, and IPv6 addresses on the line. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../kit/containers.ts';
import { useBareHosts } from './support/up.ts';

const lab = useBareHosts('uphere', { hosts: 2, underlay: 'ipv6' });

it('makes a Swarm of one host alone', async () => {
  const { stdout, stderr, status } = await lab.castnet(['up', 'h2']);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('This host is alone on the network');
}, 240_000);

it('takes localhost for this machine, without ssh, and an IPv6 address for another', async () => {
  const h1 = lab.host('h1');
  const argv = [
    process.execPath,
    join(ROOT, 'dist/castnet.js'),
    'up',
    'localhost',
    'root@[fd99::2]:22',
  ];
  const { stdout, stderr, status } = await h1.exec([...argv, '--json', '-F', lab.site().config], {
    timeoutMs: 200_000,
  });
  expect(status, stdout + stderr).toBe(0);
  const { hosts, probe } = JSON.parse(stdout) as {
    hosts: { host: string; address: string }[];
    probe: { pairs: { from: string; reached: boolean }[] };
  };
  expect(hosts).toMatchObject([
    { host: 'localhost', address: 'fd99::1' },
    { host: 'root@[fd99::2]:22', address: 'fd99::2' },
  ]);
  expect(probe.pairs.map((it) => `${it.from} ${it.reached}`).sort()).toEqual([
    'fd99::1 true',
    'fd99::2 true',
  ]);
}, 240_000);

it('names this machine’s name and localhost as one host', async () => {
  const { stdout, status } = await lab.castnet(['up', 'fd99::1', 'h1', '--json']);
  expect(status).toBe(1);
  const { problems } = JSON.parse(stdout) as { problems: unknown[] };
  expect(problems).toContainEqual(expect.objectContaining({ code: 'twice', host: 'h1' }));
}, 60_000);
