import type { ProbePair } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { tunnelOverhead, wireguardOverhead } from '../../net/mtu.ts';
import { inCommand } from '../in-command.ts';
import type { Seated } from './probe-pairs.ts';
import { sessionFinding } from './session-finding.ts';

/** What a probe saw, and the ports that it depends on. */
export interface Evidence {
  readonly seated: readonly Seated[];
  readonly pairs: readonly ProbePair[];
  readonly ports: { readonly tcp: number; readonly udp: number };
  /** Whether the packets travel in WireGuard. */
  readonly encrypted: boolean;
}

/** Names what stands between the hosts: of each pair the first thing at fault, each thing once. */
export function findingsOf(evidence: Evidence): Finding[] {
  const findings = [
    ...evidence.seated.flatMap(ofHost),
    ...evidence.pairs.flatMap((pair) => ofPair(pair, evidence) ?? []),
  ];
  // One narrow interface stands in the way of every other host.
  const keyOf = ({ code, host, what }: Finding) => (code === 'mtu' ? `mtu ${host}` : what);
  return [...new Map(findings.toReversed().map((it) => [keyOf(it), it])).values()].toReversed();
}

function ofHost({ seat }: Seated): Finding[] {
  if (seat.querier && seat.snooping) return [];
  const off = seat.snooping ? 'no querier' : 'no snooping';
  return [
    {
      code: 'querier',
      severity: 'error',
      host: seat.host,
      what: `the bridge cb${seat.vni} of host ${seat.host} has ${off}: it does not learn which containers are members of which groups`,
      remedy: `on ${seat.host}: ip -n castnet link set cb${seat.vni} type bridge mcast_snooping 1 mcast_querier 1 (the agent does so within 20 s)`,
    },
  ];
}

function ofPair(pair: ProbePair, evidence: Evidence): Finding | undefined {
  const { seated, pairs, ports } = evidence;
  const from = seated.find((it) => it.seat.host === pair.from);
  const to = seated.find((it) => it.seat.host === pair.to);
  if (from === undefined || to === undefined) return undefined;
  const error = (code: Finding['code'], what: string, remedy: string): Finding => ({
    code,
    severity: 'error',
    host: pair.to,
    what,
    remedy,
  });
  if (from.seat.vni !== to.seat.vni) {
    return error(
      'vni-differs',
      `host ${pair.from} has the network under VNI ${from.seat.vni}, host ${pair.to} under ${to.seat.vni}`,
      `remove the network and make it again; on ${pair.to}: docker network inspect shows its vni`,
    );
  }
  const silent = Object.values(pair.kinds).every((it) => it.heard === 0);
  if (from.sent.noWay.includes(to.seat.ip)) {
    const session = from.seat.peers.find(
      (it) => it.address === to.address || it.address === pair.to,
    );
    const because = session && sessionFinding(session, { from: pair.from, port: ports.tcp });
    return (
      because ??
      error(
        'not-ready',
        `host ${pair.from} has no forwarding entries for ${pair.to}: its record has not arrived there`,
        `on ${pair.from}: castnet peers, castnet plan`,
      )
    );
  }
  if (silent) {
    const back = pairs.find((it) => it.from === pair.to && it.to === pair.from);
    const works = back !== undefined && Object.values(back.kinds).some((it) => it.heard > 0);
    return error(
      'udp-blocked',
      `UDP port ${ports.udp} is blocked from ${pair.from} to ${pair.to}: nothing of what ${pair.from} sent arrived${
        works ? `, though packets from ${pair.to} reach ${pair.from}` : ', and nothing came back'
      }`,
      `on ${pair.to}: iptables -I INPUT -p udp --dport ${ports.udp} -s ${pair.from} -j ACCEPT; on ${pair.from}: nft list ruleset | grep ${ports.udp}; then any firewall between them`,
    );
  }
  if (pair.pathMtu !== undefined && pair.pathMtu < from.seat.mtu)
    return tooSmall(pair, { from, to, evidence });
  return missingKind(pair, to) ?? lossy(pair);
}

function tooSmall(
  pair: ProbePair,
  { from, to, evidence }: { from: Seated; to: Seated; evidence: Evidence },
): Finding {
  const outer = evidence.encrypted ? wireguardOverhead(from.seat.host) : 0;
  const overhead = tunnelOverhead(from.seat.host) + outer;
  const needed = from.seat.mtu + overhead;
  const takes = ({ seat }: Seated) => Math.min(seat.underlay.mtu - overhead, seat.mtu);
  const narrow = [from, to].sort((a, b) => takes(a) - takes(b))[0]?.seat;
  const what = `the MTU is too small from ${pair.from} to ${pair.to}: packets of ${pair.pathMtu} bytes arrive, containers on ${pair.from} send up to ${from.seat.mtu}`;
  const found = (host: string, where: string, remedy: string): Finding => ({
    code: 'mtu',
    severity: 'error',
    host,
    what: `${what}; ${where}`,
    remedy,
  });
  if (narrow !== undefined && narrow.underlay.mtu < needed) {
    const { host, underlay } = narrow;
    return found(
      host,
      `interface ${underlay.interface} of host ${host} has MTU ${underlay.mtu}, and ${needed} is needed`,
      `on ${host}: ip link set dev ${inCommand(underlay.interface, 'DEVICE')} mtu ${needed}; or make the network with --opt mtu=${underlay.mtu - overhead}`,
    );
  }
  if (narrow !== undefined && narrow.mtu < from.seat.mtu) {
    return found(
      narrow.host,
      `host ${narrow.host} has the network with MTU ${narrow.mtu}, as its interface was when its agent last looked`,
      `on ${narrow.host}: castnet networks, within 20 s after the interface’s MTU was changed`,
    );
  }
  return found(
    pair.to,
    'some link between the hosts has a smaller MTU',
    `ping -M do -s ${needed - 28} ${pair.to} finds it; or make the network with --opt mtu=${pair.pathMtu}`,
  );
}

function missingKind({ from, to, kinds }: ProbePair, { seat }: Seated): Finding | undefined {
  const lost = (kind: keyof typeof kinds): boolean =>
    kinds[kind].sent > 0 && kinds[kind].heard === 0;
  const error = (code: Finding['code'], what: string, remedy: string): Finding => ({
    code,
    severity: 'error',
    host: to,
    what,
    remedy,
  });
  const looks = `on ${from} and ${to}: castnet plan; bridge -d mdb show in the namespace: nsenter --net=/run/netns/castnet bridge mdb`;
  if (lost('multicast')) {
    if (!seat.querier || !seat.snooping) return undefined;
    return error('multicast', `multicast does not get from ${from} to ${to}, unicast does`, looks);
  }
  if (lost('broadcast')) {
    return error('broadcast', `broadcast does not get from ${from} to ${to}, unicast does`, looks);
  }
  if (lost('unicast')) {
    return error('unicast', `unicast does not get from ${from} to ${to}, broadcast does`, looks);
  }
  if (!lost('large')) return undefined;
  return error(
    'fragments',
    `fragmented packets do not get from ${from} to ${to}, whole ones do`,
    `on ${to} and any firewall between: let fragments pass (nft list ruleset | grep frag)`,
  );
}

function lossy({ from, to, loss }: ProbePair): Finding | undefined {
  if (loss <= 0) return undefined;
  return {
    code: 'loss',
    severity: 'warning',
    host: to,
    what: `${(loss * 100).toFixed(1)} % of the packets from ${from} to ${to} were lost`,
    remedy: `once more: castnet probe; on both hosts: ip -s link show; ping -c 100 ${to}`,
  };
}
