import { describe, expect, it } from 'vitest';
import type { Finding } from '../../contract/finding.ts';
import type { ProbeKind } from '../../net/probe.ts';
import type { Participant } from './probe-pairs.ts';
import { probeReport } from './probe-report.ts';

const ALL: Record<ProbeKind, number> = { unicast: 50, multicast: 10, broadcast: 10, large: 10 };
const NONE: Record<ProbeKind, number> = { unicast: 0, multicast: 0, broadcast: 0, large: 0 };
const HOSTS = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];
const ipOf = (host: string): string => `198.18.0.${host.split('.')[3]}`;

interface Change {
  readonly seat?: Partial<NonNullable<Participant['seat']>>;
  /** What it heard of a host, by that host's address. */
  readonly heard?: Record<string, Partial<Record<ProbeKind, number>>>;
  readonly noWay?: string[];
  readonly pathMtu?: Record<string, number>;
}

/** Three hosts between which all is well, but for some changes. */
function hosts(changes: Record<string, Change> = {}): Participant[] {
  return HOSTS.map((host): Participant => {
    const change = changes[host] ?? {};
    const others = HOSTS.filter((it) => it !== host);
    return {
      address: host,
      seat: {
        ...{ host, ip: ipOf(host), mac: '02:42:c6:12:00:01', vni: 8_000_001, mtu: 1450 },
        underlay: { interface: 'eth0', mtu: 1500 },
        ...{ snooping: true, querier: true, peers: [] },
        ...change.seat,
      },
      sent: {
        sent: ALL,
        noWay: (change.noWay ?? []).map(ipOf),
        ways: Object.fromEntries(
          others.map((it) => [
            ipOf(it),
            { p50: 0.3, p99: 1, pathMtu: change.pathMtu?.[it] ?? 1450 },
          ]),
        ),
      },
      heard: Object.fromEntries(others.map((it) => [ipOf(it), { ...ALL, ...change.heard?.[it] }])),
    };
  });
}

const report = (participants: readonly Participant[]) =>
  probeReport({ network: 'mynet', participants, ports: { tcp: 4790, udp: 4789 } });
const told = (participants: readonly Participant[]) =>
  report(participants).findings.map(({ code, host, severity }) => `${severity} ${code} ${host}`);

describe('a probe', () => {
  it('is well when everything arrives everywhere', () => {
    const { ok, pairs, findings } = report(hosts());
    expect(ok).toBe(true);
    expect(findings).toEqual([]);
    expect(pairs).toHaveLength(6);
    expect(pairs[0]).toMatchObject({ from: HOSTS[0], to: HOSTS[1], reached: true, loss: 0 });
  });

  it('names UDP that is blocked in one direction, and that the other works', () => {
    const found = report(hosts({ '10.9.0.3': { heard: { '10.9.0.2': NONE } } }));
    expect(found.ok).toBe(false);
    expect(found.findings).toHaveLength(1);
    expect(found.findings[0]).toMatchObject({ code: 'udp-blocked', host: '10.9.0.3' });
    expect(found.findings[0]?.what).toMatch(
      /from 10\.9\.0\.2 to 10\.9\.0\.3.*packets from 10\.9\.0\.3 reach 10\.9\.0\.2/,
    );
    expect(found.pairs.filter((it) => !it.reached)).toMatchObject([
      { from: '10.9.0.2', to: '10.9.0.3', loss: 1 },
    ]);
  });

  it('on an encrypted network names WireGuard’s port, and counts its bytes', () => {
    const encrypted = (participants: readonly Participant[]) =>
      probeReport({
        ...{ network: 'mynet', participants, ports: { tcp: 4790, udp: 51890 }, encrypted: true },
      });
    const found = encrypted(hosts({ '10.9.0.3': { heard: { '10.9.0.2': NONE } } }));
    expect(found.encrypted).toBe(true);
    expect(found.findings[0]?.what).toContain('UDP port 51890 is blocked');
    const narrow = encrypted(hosts({ '10.9.0.2': { pathMtu: { '10.9.0.3': 1300 } } }));
    expect(narrow.findings[0]?.what).toContain('1560 is needed');
  });

  it('names the host whose interface is too narrow, once for all its pairs', () => {
    const narrow = { '10.9.0.2': 1354 };
    const changes: Record<string, Change> = {
      '10.9.0.1': { pathMtu: narrow },
      '10.9.0.3': { pathMtu: narrow },
      '10.9.0.2': { seat: { underlay: { interface: 'ens3', mtu: 1400 } } },
    };
    expect(told(hosts(changes))).toEqual(['error mtu 10.9.0.2']);
    const [finding] = report(hosts(changes)).findings;
    expect(finding?.what).toContain('interface ens3 of host 10.9.0.2 has MTU 1400');
    expect(finding?.remedy).toContain(
      'ip link set dev ens3 mtu 1500; or make the network with --opt mtu=1350',
    );
  });

  it('says so when the narrow place is neither host', () => {
    const [finding] = report(hosts({ '10.9.0.1': { pathMtu: { '10.9.0.2': 1300 } } })).findings;
    expect(finding).toMatchObject({ code: 'mtu', host: '10.9.0.2' });
    expect(finding?.what).toContain('some link between the hosts');
  });

  it('names the agent that has not looked at its interface since that changed', () => {
    const [finding] = report(
      hosts({ '10.9.0.1': { pathMtu: { '10.9.0.2': 1350 } }, '10.9.0.2': { seat: { mtu: 1350 } } }),
    ).findings;
    expect(finding?.what).toContain('host 10.9.0.2 has the network with MTU 1350');
  });

  it.each<[string, Change, string]>([
    ['a bridge without querier', { seat: { querier: false } }, 'error querier 10.9.0.2'],
    ['a bridge that does not snoop', { seat: { snooping: false } }, 'error querier 10.9.0.2'],
    ['multicast', { heard: { '10.9.0.1': { multicast: 0 } } }, 'error multicast 10.9.0.2'],
    ['broadcast', { heard: { '10.9.0.1': { broadcast: 0 } } }, 'error broadcast 10.9.0.2'],
    ['unicast', { heard: { '10.9.0.1': { unicast: 0 } } }, 'error unicast 10.9.0.2'],
    ['fragments', { heard: { '10.9.0.1': { large: 0 } } }, 'error fragments 10.9.0.2'],
    ['some loss', { heard: { '10.9.0.1': { unicast: 49 } } }, 'warning loss 10.9.0.2'],
    ['a missing way', { noWay: ['10.9.0.1'] }, 'error not-ready 10.9.0.1'],
  ])('names %s', (_name, change, expected) => {
    expect(told(hosts({ '10.9.0.2': change }))).toEqual([expected]);
  });

  it('names a network that has another VNI on one host', () => {
    const found = told(hosts({ '10.9.0.2': { seat: { vni: 8_000_002 } } }));
    expect(new Set(found.map((it) => it.split(' ')[1]))).toEqual(new Set(['vni-differs']));
  });

  it('a session that is down is why there is no way', () => {
    const peers = [
      {
        ...{ address: '10.9.0.3', state: 'agent-down' as const },
        ...{ fault: 'refused' as const, listed: true },
      },
    ];
    const found = told(hosts({ '10.9.0.2': { noWay: ['10.9.0.3'], seat: { peers } } }));
    expect(found).toEqual(['error agent-down 10.9.0.3']);
  });

  it('loss alone is no failure; a host that takes no part is', () => {
    expect(report(hosts({ '10.9.0.2': { heard: { '10.9.0.1': { unicast: 49 } } } })).ok).toBe(true);
    const [first, second] = hosts() as [Participant, Participant];
    const failure: Finding = {
      code: 'agent-down',
      severity: 'error',
      host: '10.9.0.3',
      what: 'no agent',
      remedy: 'enable it',
    };
    const found = report([first, second, { address: '10.9.0.3', failure }]);
    expect(found.ok).toBe(false);
    expect(found.hosts.map((it) => it.took)).toEqual(['part', 'part', 'no part']);
    expect(found.pairs).toHaveLength(2);
    expect(found.findings).toEqual([failure]);
  });
});
