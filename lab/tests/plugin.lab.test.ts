/** `castnet plugin` on hosts that are in use: upgrade without a lost packet, uninstall without a trace. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentPid, hostReport } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import { NEXT_BUILD, nextPackage, upgradeFrom } from '../kit/next-package.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
} from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, run, until } from '../run.ts';
import { castnet, castnetSays } from './support/command.ts';
import { allHear, groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.82.0.1';
const RATE = 500;

const lab = useLab('plugin', { hosts: 2 });
let h1: LabHost;
let containers: Container[] = [];
let stations: Station[] = [];
/** On an encrypted network. */
let secret: Station[] = [];
/** A package of another build: what npm would bring with the next version. */
let next = '';

beforeAll(async () => {
  h1 = lab().host('h1');
  next = await nextPackage();
  await createNetwork(lab(), 'busy');
  containers = await Promise.all(
    lab().hosts.map((host) => runContainer(host, { network: 'busy', name: `busy-${host.name}` })),
  );
  await settled(lab(), 'busy');
  stations = await startStations(containers);
  await createNetwork(lab(), 'secret', ['--opt', 'encrypted']);
  const encrypted = await Promise.all(
    lab().hosts.map((it) => runContainer(it, { network: 'secret', name: `secret-${it.name}` })),
  );
  await settled(lab(), 'secret');
  secret = await startStations(encrypted);
  for (const all of [stations, secret]) {
    await Promise.all(all.map((it) => it.join(GROUP)));
    await groupReady(all, GROUP);
  }
});
afterAll(async () => {
  await closeStations([...stations, ...secret]);
  await rm(next, { recursive: true, force: true });
});

async function buildOn(host: LabHost): Promise<string | undefined> {
  const format = '{{range .Settings.Env}}{{println .}}{{end}}';
  const env = await host.docker(['plugin', 'inspect', '-f', format, 'castnet:latest']);
  return /^CASTNET_BUILD=(.*)$/m.exec(env)?.[1];
}

it('installing what is installed already changes nothing and says so', async () => {
  const before = await buildOn(h1);
  expect(await castnetSays('plugin', 'install', '-H', h1.dockerHost)).toContain('Nothing to do');
  expect(await buildOn(h1)).toBe(before);
});

it.each(['h1', 'h2'])('upgrading the plugin on %s under a stream loses no packet', async (name) => {
  const host = lab().host(name);
  const [from, to] = stations as [Station, Station];
  const tag = `upgrade-${name}`;
  await from.stream({ to: GROUP, tag, rate: RATE });
  await to.hears(from, { tag, count: 100 });
  expect(await upgradeFrom(next, host, { timeoutMs: 60_000 })).toContain(NEXT_BUILD);
  expect(await buildOn(host)).toBe(NEXT_BUILD);
  await settled(lab(), 'busy');
  const heardSoFar = (await to.heard(tag))[0]?.count ?? 0;
  await to.hears(from, { tag, count: heardSoFar + 2 * RATE });
  const sent = await from.stop(tag);
  await until(async () => (await to.heard(tag))[0]?.last === sent || undefined, {
    what: 'the last packet',
    timeoutMs: 5_000,
  });
  expect((await to.heard(tag))[0]).toMatchObject({ count: sent, doubles: 0, missing: [] });
  // Where wireguard-go carried its packets it rested meanwhile.
  await allHear(secret, { group: GROUP, tag, withinMs: 20_000 });
});

it('uninstalling is refused while a network uses the plugin, and names the network', async () => {
  const { status, stderr } = await castnet('plugin', 'uninstall', '-H', h1.dockerHost);
  expect(status).toBe(1);
  expect(stderr).toContain('busy');
  expect((await hostReport(h1)).networks).toHaveLength(2);
});

it('uninstalling leaves no plugin, no namespace and no file of castnet on the host', async () => {
  await closeStations([...stations, ...secret]);
  await removeContainers([...containers, ...secret.map((it) => it.container)]);
  for (const network of ['busy', 'secret']) await removeNetwork(lab(), network);
  for (const host of lab().hosts) {
    await castnetSays('plugin', 'uninstall', '-H', host.dockerHost);
    expect(await host.docker(['plugin', 'ls', '-q'])).toBe('');
    const look = 'ls -d /run/castnet /run/netns; grep -E "/castnet " /proc/1/mounts';
    expect((await run(host.enter(['sh', '-c', look]))).stdout, host.name).toBe('');
    expect(await agentPid(host)).toBeUndefined();
    const links = await mustRun(host.enter(['ip', '-br', 'link']));
    expect(links).not.toMatch(/^c[bxvt][0-9a-f]+/m);
  }
});
