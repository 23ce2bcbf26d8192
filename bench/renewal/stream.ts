/** A stream over an encrypted network, and what became of it. */
import { readFile } from 'node:fs/promises';
import { inHost } from '../../lab/kit/agent.ts';
import { inCastnet } from '../../lab/kit/kernel.ts';
import type { Container } from '../../lab/kit/stack.ts';
import { inWireguard, wireguard } from '../../lab/kit/wireguard.ts';
import type { LabHost } from '../../lab/lab.ts';
import { mustRun } from '../../lab/run.ts';
import { answer } from '../programs.ts';
import type { Traffic } from '../traffic.ts';
import { backlogDrops, type Drops, dropsIn, since } from './drops.ts';

const GROUP = '239.90.1.1';
const PORT = 7000;
const LOOK_MS = 250;

export interface End {
  readonly container: Container;
  /** Its pid inside the host. */
  readonly pid: number;
}

export const endOf = async (container: Container): Promise<End> => {
  const said = await container.host.docker(['inspect', '-f', '{{.State.Pid}}', container.id]);
  return { container, pid: Number(said) };
};

export interface StreamResult {
  readonly sent: number;
  /** Packets a second that were really sent. */
  readonly pps: number;
  readonly lost: number;
  /** Packets that came again, or after a later one. */
  readonly again: number;
  /** How many secrets the two hosts had meanwhile, and how many keys the one that sends. */
  readonly secrets: number;
  readonly keys: number;
  /** Where the kernel dropped packets meanwhile, in words. */
  readonly drops: readonly string[];
}

export interface StreamOptions {
  readonly traffic: Traffic;
  readonly from: End;
  readonly to: End;
  /** Packets a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Bytes of UDP payload, 200 unless told. */
  readonly size?: number;
}

let runs = 0;

/** Sends to a group that the other end is a member of. */
export async function stream(options: StreamOptions): Promise<StreamResult> {
  const { traffic, from, to, rate, seconds, size = 200 } = options;
  runs += 1;
  const ms = seconds * 1000;
  const [sender, receiver] = [from, to].map(({ container, pid }) => ({
    ns: inHost(container.host, `/proc/${pid}/ns/net`),
    local: container.ip,
  })) as [{ ns: string; local: string }, { ns: string; local: string }];
  const common = { port: PORT, run: runs };
  const receiving = traffic.at(receiver, 'recv', {
    ...{ ...common, local: receiver.local, group: GROUP, max_ms: ms + 5000 },
  });
  await receiving.ready();
  const before = await drops([from, to]);
  const { host } = from.container;
  const secrets = new Set<string>();
  const keys = new Set<string>();
  const look = async (): Promise<void> => {
    for (const it of (await wireguard(host, 'preshared-keys')).values()) secrets.add(it);
    keys.add(await inWireguard(host, ['wg', 'show', 'castnet-wg', 'public-key']));
  };
  await look();
  const sending = traffic.at(sender, 'send', {
    ...{ ...common, to: GROUP, local: sender.local, size, rate, ms },
  });
  let looks = Promise.resolve();
  const timer = setInterval(() => {
    looks = looks.then(look);
  }, LOOK_MS);
  const { sent, pps } = await answer<{ sent: number; pps: number }>(sending);
  const { got, behind } = await answer<{ got: number; behind: number }>(receiving);
  clearInterval(timer);
  await looks;
  const after = await drops([from, to]);
  const lost = sent - got;
  const changes = { secrets: secrets.size, keys: keys.size };
  return { sent, pps, lost, again: behind, ...changes, drops: since(before, after) };
}

/** Of all namespaces that the stream passes. */
async function drops(ends: readonly End[]): Promise<Drops> {
  const files = ['cat', '/proc/net/snmp', '/proc/net/dev'];
  const of = async (name: string, read: Promise<string>): Promise<Drops> => {
    const text = await read;
    return dropsIn(name, text, text.slice(text.indexOf('Inter-|')));
  };
  const onHost = ({ container: { host }, pid }: End): Promise<Drops>[] => [
    of(`${host.name}`, inHostsOwn(host, files)),
    of(`${host.name}, castnet`, inCastnet(host, files)),
    of(`${host.name}, castnet-wg`, inWireguard(host, files)),
    of(`${host.name}, container`, inHostsOwn(host, ['nsenter', '-t', `${pid}`, '--net', ...files])),
  ];
  const all = await Promise.all(ends.flatMap(onHost));
  const machine = backlogDrops(await readFile('/proc/net/softnet_stat', 'utf8'));
  return new Map([...all.flatMap((it) => [...it]), ...machine]);
}

const inHostsOwn = (host: LabHost, argv: string[]): Promise<string> => mustRun(host.enter(argv));
