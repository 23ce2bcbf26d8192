/**
 * The fast path on hosts whose way to the others is a card (h1), a bond (h2) and a VLAN (h3), and then WireGuard on
 * all of them: it takes what h1 sends and gets by its card, and leaves all else to bridge and tunnel, and says why.
 */
import { newKeys } from '../../src/kernel/wireguard.ts';
import { countedFast, type FastCounts, fastGroup, fastStep } from '../kit/fast-path.ts';
import { setPlugin } from '../kit/plugin.ts';
import type { Station } from '../kit/station.ts';
import type { Lab, LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';
import { batch } from '../underlay.ts';
import { NETWORK, stationsOf } from './cast.ts';
import { moveAddress, wayOut } from './links.ts';
import { must } from './must.ts';
import { type Figures, type Stage, upOf } from './steps.ts';
import { COUNT, exchange, type Flow, RATE, underStreams } from './traffic.ts';

const GROUP = '239.1.2.5';
/** Of h2's second cable: its end at the host, and the one at the switch. */
const [SECOND, PLUG] = ['eth1', 'h2-second'];
/**
 * Packets that a link may lose of a flow as it fails: the bond looks at its links each 100 ms, on a processor that
 * does other things.
 */
const MOST_LOST = RATE / 2;

const WIREGUARD = 'wg-hosts';
/** Not castnet's own. */
const WIREGUARD_PORT = 51_999;
/** What `ip` says when the kernel has none. */
const NO_WIREGUARD = /unknown device type|not supported/i;

type Trio = [Station, Station, Station];

export async function underlays(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const stations = (await stationsOf(stage)) as Trio;
  for (const host of lab.hosts) await setPlugin(host, 'CASTNET_FASTPATH=on');
  for (const it of stations) await it.join(GROUP);
  const figures: Figures = {};
  for (const part of [onCards, withFailover, overWireguard]) {
    Object.assign(figures, await part(lab, stations));
    stage.say(JSON.stringify(figures));
  }
  return figures;
}

/** A bond and a VLAN beside a card. */
async function onCards(lab: Lab, stations: Trio): Promise<Figures> {
  const [h1, h2, h3] = lab.hosts as [LabHost, LabHost, LabHost];
  await isFast(h1);
  await isSlow(h2, `${await wayOut(h2)} is a bond, no network card`);
  await isSlow(h3, `${await wayOut(h3)} is a vlan, no network card`);
  const counts = await countedFast(lab.hosts, () =>
    exchange(stations, { group: GROUP, tag: 'cards' }),
  );
  const { sent, received, grouped, copied, lost, missed } = counts.h1 as FastCounts;
  const others = 2 * COUNT;
  must(sent >= others, `h1 sends its unicast the fast way: ${sent} of ${others}`);
  must(received >= others, `h1 takes the others’ unicast the fast way: ${received} of ${others}`);
  must(grouped >= COUNT, `h1 sends to the group the fast way: ${grouped} of ${COUNT}`);
  must(copied >= others, `h1 takes the group’s packets the fast way: ${copied} of ${others}`);
  must(lost + missed === 0, `h1’s programs lose nothing: ${lost} and ${missed}`);
  allSlow([h2, h3], counts);
  return { 'bond and VLAN': 'bridge and tunnel', 'fast at h1': sent + received + grouped + copied };
}

/** h2's bond goes to another cable as the one in use is pulled, and back as it is told to. */
async function withFailover(lab: Lab, [a, b, c]: Trio): Promise<Figures> {
  const h2 = lab.host('h2');
  const bond = await wayOut(h2);
  await atSwitch(lab, [
    `link add ${PLUG} type veth peer name ${SECOND} netns ${h2.pid}`,
    `link set ${PLUG} master underlay up`,
  ]);
  await mustRun(h2.enter(['ip', 'link', 'set', SECOND, 'master', bond]));
  const goesBy = (dev: string) =>
    until(async () => (await activeOf(h2, bond)) === dev || undefined, {
      what: `${bond} on ${dev}`,
      timeoutMs: 10_000,
    });
  const flows: Flow[] = [
    { from: a, to: b.container.ip, at: [b] },
    { from: b, to: GROUP, at: [a, c] },
    { from: c, to: GROUP, at: [a, b] },
  ];
  const pulled = await underStreams(flows, 'pulled', async () => {
    await h2.cut();
    await goesBy(SECOND);
  });
  must(Math.max(...pulled) <= MOST_LOST, `a failing link loses few packets: ${pulled}`);
  await h2.mend();
  const told = await underStreams(flows, 'told', async () => {
    const argv = ['ip', 'link', 'set', bond, 'type', 'bond', 'active_slave', h2.underlayInterface];
    // Refused until the bond has seen that the link is there again.
    await until(async () => (await mustRun(h2.enter(argv))) === '' || undefined, {
      what: `${bond} told to take ${h2.underlayInterface}`,
      timeoutMs: 10_000,
    });
    await goesBy(h2.underlayInterface);
  });
  must(Math.max(...told) === 0, `a bond that is told to change loses nothing: ${told}`);
  return { 'bond’s cable pulled, most lost of a flow': Math.max(...pulled), 'bond told, lost': 0 };
}

/** The hosts' addresses go to WireGuard and come back, while packets are sent. */
async function overWireguard(lab: Lab, stations: Trio): Promise<Figures> {
  const ways = await Promise.all(lab.hosts.map(wayOut));
  try {
    await connect(lab.hosts, ways);
  } catch (error) {
    if (!NO_WIREGUARD.test((error as Error).message)) throw error;
    return { WireGuard: 'skipped: this kernel has none' };
  }
  const [a, b, c] = stations;
  const flows: Flow[] = [
    { from: a, to: b.container.ip, at: [b] },
    { from: b, to: GROUP, at: [a, c] },
    { from: c, to: a.container.ip, at: [a] },
  ];
  const moved = await underStreams(flows, 'moved', async () => {
    await Promise.all(
      lab.hosts.map((it, at) => moveAddress(it, { from: ways[at] ?? '', to: WIREGUARD })),
    );
    for (const host of lab.hosts) await isSlow(host, `${WIREGUARD} has no Ethernet header`);
  });
  const counts = await countedFast(lab.hosts, () =>
    exchange(stations, { group: GROUP, tag: 'wireguard' }),
  );
  allSlow(lab.hosts, counts);
  const back = await underStreams(flows, 'back', async () => {
    await Promise.all(
      lab.hosts.map((it, at) => moveAddress(it, { from: WIREGUARD, to: ways[at] ?? '' })),
    );
    await isFast(lab.host('h1'));
  });
  return {
    WireGuard: 'bridge and tunnel',
    'addresses moved there, most lost of a flow': Math.max(...moved),
    'and back': Math.max(...back),
  };
}

async function isFast(host: LabHost): Promise<void> {
  await fastStep(host, { network: NETWORK, step: 'groups', why: /broadcast/ });
  await fastGroup(host, { group: GROUP, members: 1, hosts: 2 });
}

const isSlow = (host: LabHost, why: string): Promise<void> =>
  fastStep(host, { network: NETWORK, step: 'none', why: new RegExp(why) });

function allSlow(hosts: readonly LabHost[], counts: Record<string, FastCounts>): void {
  for (const { name } of hosts) {
    const { sent, received, grouped, copied } = counts[name] as FastCounts;
    const fast = sent + received + grouped + copied;
    must(fast === 0, `no packet of ${name} goes the fast way: ${fast}`);
  }
}

/** The link that a bond sends by. */
async function activeOf(host: LabHost, bond: string): Promise<string | undefined> {
  const said = await mustRun(host.enter(['ip', '-details', '-json', 'link', 'show', bond]));
  const [link] = JSON.parse(said) as { linkinfo?: { info_data?: { active_slave?: string } } }[];
  return link?.linkinfo?.info_data?.active_slave;
}

/** WireGuard between all hosts, over addresses that are for it alone. */
async function connect(hosts: readonly LabHost[], ways: readonly string[]): Promise<void> {
  const outer = (at: number): string => `10.97.0.${at + 1}`;
  const keys = hosts.map(() => newKeys());
  const peer = ({ address }: LabHost, at: number): string =>
    `[Peer]\nPublicKey=${keys[at]?.public}\nAllowedIPs=${address}/32\nEndpoint=${outer(at)}:${WIREGUARD_PORT}`;
  for (const [at, host] of hosts.entries()) {
    const own = `[Interface]\nPrivateKey=${keys[at]?.private}\nListenPort=${WIREGUARD_PORT}`;
    const peers = hosts.map(peer).filter((_, of) => of !== at);
    await batch(host.pid, [
      `link add ${WIREGUARD} type wireguard`,
      `address add ${outer(at)}/24 dev ${ways[at]}`,
    ]);
    // Node's own end of standard input is a socket, which cannot be opened by a path.
    const script = `cat | wg setconf ${WIREGUARD} /proc/self/fd/0`;
    await mustRun(host.enter(['sh', '-c', script]), {
      input: `${[own, ...peers].join('\n')}\n`,
    });
    await batch(host.pid, [`link set ${WIREGUARD} up`]);
  }
}

const atSwitch = ({ switchPid }: Lab, lines: readonly string[]) => batch(switchPid, lines);
