import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkup } from '../../contract/answers.ts';
import type { Check } from '../../contract/commands.ts';
import type { HostReport, PeerReport, SwarmReport } from '../../contract/report.ts';
import type { SwarmCheckup } from '../../core/diagnosis/checkup.ts';
import type { LocalEndpoint, LocalNetwork } from '../../core/local.ts';
import { hostVxlans, multicastRoute } from '../../kernel/checkup.ts';
import { tryTcp } from '../../system/tcp.ts';

/** Where the agent keeps what Docker asked for, also while it does not run. */
const STATE = '/run/castnet';
const PORT = 4790;
const TCP_MS = 1_500;

export interface LocalInput {
  /** The other hosts' addresses that Docker tells. */
  readonly others: readonly string[];
  /** Docker's data root. */
  readonly dataRoot: string;
}

/** What can be found out about this host without its agent; needs root to see all of it. */
export async function localCheckup(input: LocalInput): Promise<SwarmCheckup> {
  const networks = stored<LocalNetwork>('networks');
  const endpoints = stored<LocalEndpoint>('endpoints');
  const [vxlans, peers, routes] = await Promise.all([
    hostVxlans().catch(() => []),
    Promise.all(input.others.map(peer)),
    Promise.all(
      endpoints
        .filter((it) => it.carriesMulticast === true && it.sandbox !== undefined)
        .map(async ({ id, address, mac, sandbox }) => {
          const state = await multicastRoute(sandbox ?? '', mac).catch(() => undefined);
          return { endpoint: id, address, ...state };
        }),
    ),
  ]);
  const swarm = certificateOf(input.dataRoot);
  const report: HostReport = {
    version: 1,
    agent: 'none',
    peerPort: PORT,
    now: Date.now(),
    startedAt: Date.now(),
    ...(swarm === undefined ? {} : { swarm }),
    encryption: 'none',
    refusedSteps: 0,
    peers,
    networks: networks.map((it) => ({
      ...{ ...it, hosts: [], joined: [], refused: [], groups: [] },
      endpoints: [],
    })),
  };
  const checkup: Checkup = { version: 1, report, plan: [], vxlans, routes };
  return { version: 1, hosts: [{ ...checkup, clockAheadMs: 0 }], silent: [] };
}

/** The checks that make sense without an agent. */
export const LOCAL_CHECKS: readonly Check['name'][] = [
  'Sessions',
  'Certificates',
  'VNIs',
  'Multicast routes',
];

async function peer(address: string): Promise<PeerReport> {
  const outcome = await tryTcp(address, PORT, TCP_MS);
  const about = { address, since: Date.now(), listed: true, networks: [] };
  return outcome === 'open'
    ? { ...about, state: 'up' }
    : { ...about, state: 'agent-down', fault: outcome };
}

/** What the agent keeps of a kind; nothing for who may not read it. */
function stored<T>(kind: string): T[] {
  const directory = join(STATE, kind);
  try {
    return readdirSync(directory)
      .filter((it) => it.endsWith('.json'))
      .map((it) => JSON.parse(readFileSync(join(directory, it), 'utf8')) as T);
  } catch {
    return [];
  }
}

function certificateOf(dataRoot: string): SwarmReport | undefined {
  const path = join(dataRoot, 'swarm/certificates/swarm-node.crt');
  try {
    const certificate = new X509Certificate(readFileSync(path));
    const field = (name: string) =>
      new RegExp(`^${name}=(.*)$`, 'm').exec(certificate.subject)?.[1] ?? 'unknown';
    return {
      id: field('O'),
      role: field('OU') === 'swarm-manager' ? 'manager' : 'worker',
      certificateFrom: Date.parse(certificate.validFrom),
      certificateUntil: Date.parse(certificate.validTo),
    };
  } catch {
    return undefined;
  }
}
