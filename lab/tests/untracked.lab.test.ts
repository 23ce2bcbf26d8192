/** Connection tracking knows nothing of castnet's packets, unless a host is set to have them tracked. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Container, createNetwork, removeContainers, runContainer } from '../kit/stack.ts';
import { createWeb, removeServices } from '../kit/vip.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { inNetwork } from './support/inside.ts';
import { useLab } from './support/lab.ts';

const PLUGIN = 'castnet:latest';
const GROUP = '239.84.0.1';
const PORTS = 5000;
/** Of so many flows VXLAN's 28 232 source ports are so many others at least. */
const MOST = 4300;

const lab = useLab('untracked', { hosts: 2 });
const containers: Container[] = [];
const host = (name: string): LabHost => lab().host(name);
const on = (name: string): Container => {
  const found = containers.find((it) => it.host.name === name);
  if (found === undefined) throw new Error(`no container on ${name}`);
  return found;
};

beforeAll(async () => {
  await createNetwork(lab(), 'flows');
  for (const it of lab().hosts) {
    containers.push(await runContainer(it, { network: 'flows', name: `flows-${it.name}` }));
  }
});
afterAll(() => removeContainers(containers));

/** A packet from each of so many ports. */
const SENDER = `
  use Socket;
  my ($to, $from, $count) = @ARGV;
  for my $port (20000 .. 19999 + $count) {
    socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
    bind($s, sockaddr_in($port, inet_aton($from))) or die;
    send($s, 'x', 0, sockaddr_in(7, inet_aton($to)));
  }`;
const send = (from: Container, to: string) =>
  from.host.docker(['exec', from.id, 'perl', '-e', SENDER, to, from.ip, String(PORTS)]);

const count = (listing: string, words: string): number =>
  listing.split('\n').filter((it) => it.includes(words)).length;
const ENTRIES = ['cat', '/proc/net/nf_conntrack'];
/** The tunnels' flows that a host knows, by the host that sends. */
async function tunnelFlows(name: string): Promise<Record<string, number>> {
  const found = await mustRun(host(name).enter(ENTRIES));
  const flows = found.split('\n').filter((it) => it.includes(' dport=4789 '));
  const sent = (by: LabHost) => flows.filter((it) => it.includes(` src=${by.address} dst=`)).length;
  return Object.fromEntries(lab().hosts.map((it) => [it.name, sent(it)]));
}
const groupFlows = async (name: string): Promise<number> =>
  count(await inNetwork(on(name), ENTRIES), ` dst=${GROUP} `);
const tables = (it: Container): Promise<string> => inNetwork(it, ['nft', 'list', 'tables']);
const rules = (name: string): Promise<string> => tables(on(name));

const groupsRuled = (name: string) =>
  until(async () => (await rules(name)).includes('castnet-groups') || undefined, {
    what: `the rules of groups on ${name}`,
    timeoutMs: 15_000,
  });

async function set(name: string, value: string): Promise<void> {
  await host(name).docker(['plugin', 'disable', '-f', PLUGIN]);
  await host(name).docker(['plugin', 'set', PLUGIN, `CASTNET_NOTRACK=${value}`]);
  await host(name).docker(['plugin', 'enable', PLUGIN]);
}

it('5000 flows are no entry at either host, nor in the containers as packets to a group', async () => {
  await Promise.all(['h1', 'h2'].map(groupsRuled));
  await send(on('h1'), on('h2').ip);
  await send(on('h1'), GROUP);
  const none = { h1: 0, h2: 0 };
  expect([await tunnelFlows('h1'), await tunnelFlows('h2')]).toEqual([none, none]);
  expect(await groupFlows('h1')).toBe(0);
});

it('a host with CASTNET_NOTRACK=off tracks both directions, and its containers their groups', async () => {
  await set('h2', 'off');
  await until(async () => !(await rules('h2')).includes('castnet-groups') || undefined, {
    what: 'no rules of groups on h2',
    timeoutMs: 30_000,
  });
  await send(on('h1'), on('h2').ip);
  await send(on('h2'), GROUP);
  expect(await groupFlows('h2')).toBe(PORTS);
  await send(on('h2'), on('h1').ip);
  const { h1, h2 } = await tunnelFlows('h2');
  expect(h1, 'that came').toBeGreaterThan(MOST);
  expect(h2, 'that left').toBeGreaterThan(MOST);
  expect(await tunnelFlows('h1')).toEqual({ h1: 0, h2: 0 });
});

it('and set on again they pass by, in the containers that run already too', async () => {
  await set('h2', 'on');
  await groupsRuled('h2');
  const other = '239.84.0.2';
  await send(on('h2'), other);
  expect(count(await inNetwork(on('h2'), ENTRIES), ` dst=${other} `)).toBe(0);
});

it('rules that nobody has changed are found whole, and left as they are', async () => {
  await createWeb(lab(), { name: 'web', networks: ['flows'], replicas: 1 });
  const args = ['--cap-add', 'NET_ADMIN'];
  const able = await runContainer(host('h1'), { network: 'flows', name: 'able', args });
  containers.push(able);
  await until(async () => /castnet-groups[\s\S]*ip castnet/.test(await tables(able)) || undefined, {
    what: 'both tables in the container',
    timeoutMs: 15_000,
  });
  // The agent looks every eight seconds into a container that may change its rules.
  const nothing = await inNetwork(able, ['sh', '-c', 'timeout 20 nft monitor tables; true']);
  expect(nothing).toBe('');
  await removeServices(lab(), 'web');
});
