/**
 * One agent that people ask about the whole Swarm, in a process of its own with the flags that the plugin
 * gives it: the API at a socket over sessions with all others. It tells how much memory that takes.
 */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { answerPeer, localApi, type Reporter } from '../../src/api/api.ts';
import { checkupApi } from '../../src/api/checkup.ts';
import { openCheckups } from '../../src/checking.ts';
import type { HostBalance, HostFlows, HostLive } from '../../src/contract/answers.ts';
import type { HostReport } from '../../src/contract/report.ts';
import { silentLog } from '../../src/peers/log.ts';
import { createPeers } from '../../src/peers/peers.ts';
import { createPublisher } from '../../src/peers/publisher.ts';
import { loadSwarmCredentials } from '../../src/peers/tls.ts';
import { askPeers } from '../../src/sessions.ts';
import { listenAt } from '../../src/system/listen.ts';

export interface AskedJob {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  readonly socket: string;
  readonly networks: readonly string[];
  readonly peers: readonly string[];
  /** What this host tells of itself. */
  readonly report: HostReport;
  readonly live: HostLive;
  readonly balance: HostBalance;
  readonly flows: HostFlows;
}

export interface AskedAnswer {
  readonly up: number;
  /** Since it was asked last: the most bytes that the heap held, and now. */
  readonly heapPeak: number;
  readonly heap: number;
  /** What it computed since it was started, milliseconds. */
  readonly cpu: number;
  /** Resident now and at most ever, bytes. */
  readonly resident: number;
  readonly residentPeak: number;
}

const SAMPLE_MS = 2;

/** What is not garbage, or not known to be yet. */
const heapUsed = (): number => getHeapStatistics().used_heap_size;

function memory(): { resident: number; residentPeak: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kib = (name: string) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))?.[1] ?? 0);
  return { resident: kib('VmRSS') * 1024, residentPeak: kib('VmHWM') * 1024 };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function run(job: AskedJob): Promise<void> {
  const { directory, address, port, networks, report, live, balance, flows } = job;
  const credentials = await loadSwarmCredentials({ directory, log: silentLog });
  const node = credentials.node as string;
  const sessions = createPeers({ credentials, port, node, log: silentLog, onChange() {} });
  const reporter: Reporter = {
    report: () => report,
    plan: async () => [],
    flows: async (milliseconds) => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return flows;
    },
    balance: async () => balance,
    live: async () => live,
    metrics: async () => ({ text: '', type: 'text/plain' }),
    askPeers: (question, take) => askPeers(sessions, question, take),
  };
  const publisher = createPublisher({
    ...{ credentials, host: address, port, node, tunnel: address, admit: () => true },
    answer: (what, args) => answerPeer(reporter, { what, args, scope: 'all' }),
    isListed: sessions.has,
    log: silentLog,
  });
  await publisher.listen();
  publisher.publish({ node, tunnel: address, networks: new Map() });
  const checkups = openCheckups({
    report: () => report,
    plan: async () => [],
    addPeers: async () => {},
    granted: () => [],
    askPeers: reporter.askPeers,
    state: { endpoints: new Map() as never },
  });
  await listenAt(job.socket, localApi(reporter).route('/', checkupApi(checkups)));
  let heapPeak = 0;
  setInterval(() => {
    heapPeak = Math.max(heapPeak, heapUsed());
  }, SAMPLE_MS);
  process.on('message', () => {
    const up = sessions.views().filter((it) => it.state === 'up').length;
    const answer: AskedAnswer = { up, heapPeak, heap: heapUsed(), cpu: cpuMs(), ...memory() };
    heapPeak = 0;
    globalThis.gc?.();
    process.send?.(answer);
  });
  sessions.setWanted(networks);
  sessions.setPeers(job.peers);
  process.send?.({});
}

process.once('message', (job) => void run(job as AskedJob));
