/** Encrypted networks, by the kernel's own WireGuard. */
import { type End, endOf, stream } from '../../bench/renewal/stream.ts';
import { compile } from '../../bench/traffic.ts';
import { healthy, hostReport, killAgent } from '../kit/agent.ts';
import { setPlugin } from '../kit/plugin.ts';
import { type Container, createNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import type { LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const NETWORK = 'secret';
const GROUP = '239.1.2.4';

/**
 * What is renewed, after how many seconds a host's own key is, and packets a second meanwhile. With its key a host's
 * packets wait for what other hosts' agents do, 128 for each peer, and these take half a second on the guest's one
 * slow processor; it also drops half of some 15 000 packets a second itself.
 */
const RENEWALS: readonly [string, number, number][] = [
  ['secrets', 86_400, 4_000],
  ['keys', 10, 100],
];
const LOAD_S = 25;
/** A Swarm's root certificate is not valid much before the Swarm was made (cfssl: five minutes). */
const BACK_S = 240;

/** Milliseconds: starting Node takes an emulated processor seconds. */
const AGENT_MS = 90_000;

/**
 * A stream to a group and one to a container of another host, while the agents of both are killed and
 * started again by Docker: the kernel's interface, its keys and peers outlive them.
 */
export async function encrypted(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const hosts = lab.hosts.slice(0, 2);
  await createNetwork(lab, NETWORK, ['--opt', 'encrypted']);
  const containers = await Promise.all(
    hosts.map((host) => runContainer(host, { network: NETWORK, name: `secret-${host.name}` })),
  );
  const [from, to] = (await startStations(containers)) as [Station, Station];
  await to.join(GROUP);
  await until(
    async () => {
      await from.say({ to: GROUP, tag: 'before' });
      return (await to.heard('before')).length > 0 || undefined;
    },
    { what: 'a first packet', timeoutMs: 30_000 },
  );
  for (const host of hosts) {
    const { wireguard } = await hostReport(host);
    if (wireguard?.by !== 'kernel') throw new Error(`${host.name}: carried by ${wireguard?.by}`);
  }
  await from.stream({ to: GROUP, tag: 'kept', rate: 50 });
  await to.stream({ to: from.container.ip, tag: 'kept', rate: 50 });
  for (const host of hosts) await killAgent(host, { withinMs: AGENT_MS });
  await healthy(lab, { withinMs: AGENT_MS });
  const [sent, answered] = [await from.stop('kept'), await to.stop('kept')];
  await to.hears(from, { tag: 'kept', count: sent });
  await from.hears(to, { tag: 'kept', count: answered });
  await closeStations([from, to]);
  const kept = { sent: sent + answered, lost: 0 };
  const rates: Figures = {};
  for (const [what, seconds, rate] of RENEWALS) {
    const renewals = [`CASTNET_WIREGUARD_RENEW=10`, `CASTNET_WIREGUARD_KEY_RENEW=${seconds}`];
    for (const host of hosts) await setPlugin(host, ...renewals);
    await healthy(lab, { withinMs: AGENT_MS });
    rates[`${what} renewed, none lost of packets/s`] = await renewed(containers, rate, seconds);
  }
  return { ...kept, ...rates, ...(await setBack(containers)) };
}

/** A stream while secrets are renewed, and the hosts' own keys after so many seconds. @returns packets a second */
async function renewed(
  containers: readonly Container[],
  rate: number,
  keySeconds: number,
): Promise<number> {
  const [from, to] = (await Promise.all(containers.map(endOf))) as [End, End];
  const traffic = await compile('/tmp/traffic');
  const load = { traffic, from, to, rate, seconds: LOAD_S, size: 64 };
  const { pps, lost, again, secrets, keys, drops } = await stream(load);
  if (secrets < 2 || (keySeconds < LOAD_S && keys < 2))
    throw new Error(`${secrets} secrets and ${keys} keys were seen`);
  const bad = lost > 0 || again > 0;
  if (bad) throw new Error(`${lost} lost, ${again} again, at ${pps}/s; ${drops.join('; ')}`);
  return Math.round(pps);
}

/**
 * All hosts' clocks are set back by four minutes, as no two of them may be: WireGuard refuses handshakes with
 * an earlier time than it has had of that key, for longer than a session lives without one.
 */
async function setBack(containers: readonly Container[]): Promise<Figures> {
  const hosts = containers.map((it) => it.host);
  const keyOf = async (host: LabHost) => (await hostReport(host)).wireguard?.key;
  const before = await Promise.all(hosts.map(keyOf));
  await mustRun(['date', '-s', `@${Math.round(Date.now() / 1000) - BACK_S}`]);
  const begin = performance.now();
  const [from, to] = (await startStations(containers)) as [Station, Station];
  await until(
    async () => {
      const now = await Promise.all(hosts.map(keyOf));
      const same = now.filter((key, at) => key === undefined || key === before[at]);
      if (same.length > 0) throw new Error(`${same.length} hosts have the key of before`);
      await from.say({ to: to.container.ip, tag: 'set-back' });
      return (await to.heard('set-back')).length > 0 || undefined;
    },
    { what: 'another key, and a packet', timeoutMs: 90_000, everyMs: 1_000 },
  );
  await closeStations([from, to]);
  return { 'clock set back, right after s': Math.round((performance.now() - begin) / 1000) };
}
