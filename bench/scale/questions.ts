/**
 * What people ask of one agent about the whole Swarm, with as many hosts as it may have: `castnet groups`,
 * `services`, `doctor` and the dashboard. Each host tells of itself what it would with 20 containers.
 *
 *   sh scripts/run.sh --max-old-space-size=8000 bench/scale/questions.ts [HOSTS]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { simulatedHosts } from '../../lab/tools/simulation.ts';
import { bundle } from '../../plugin/bundle.ts';
import { NODE_FLAGS } from '../../plugin/config.ts';
import { answerPeer, type Reporter } from '../../src/api/api.ts';
import { renderTable } from '../../src/cli/output.ts';
import type { Checkup, HostBalance, HostFlows, HostLive } from '../../src/contract/answers.ts';
import type { HostReport } from '../../src/contract/report.ts';
import { brief } from '../../src/core/brief.ts';
import { silentLog } from '../../src/peers/log.ts';
import { createPublisher } from '../../src/peers/publisher.ts';
import { loadSwarmCredentials } from '../../src/peers/tls.ts';
import { ask } from '../../src/system/http.ts';
import { figure } from '../result.ts';
import type { AskedAnswer, AskedJob } from './asked.ts';
import { certificates } from './mesh.ts';

const PORT = 4790;
const CONTAINERS = 20;
const GROUPS = 2;
/** Other tasks that each container has sent to. */
const CALLED = 20;
const LIMIT_MS = 120_000;
const MIB = 2 ** 20;

const addressOf = (n: number): string => `127.78.${n >> 8}.${n & 255}`;

/** What a host's containers sent to services, by the reports of all. */
function balanceOf(reports: readonly HostReport[], host: number): HostBalance {
  const services = new Map<string, HostBalance['services'][number]>();
  const counts: HostBalance['counts'][number][] = [];
  const at = (n: number) => reports[n % reports.length]?.networks ?? [];
  for (const { id, endpoints } of at(host)) {
    for (const { service } of endpoints) {
      if (service) services.set(`${id} ${service.vip}`, { network: id, ...service });
    }
    for (let nth = 0; nth < endpoints.length * CALLED; nth++) {
      const there = at(host + 7 * nth).find((it) => it.id === id)?.endpoints ?? [];
      const { address, service } = there[nth % Math.max(1, there.length)] ?? {};
      if (address === undefined || service === undefined) continue;
      const task = address.replace(/\/.*/, '');
      counts.push({ vip: service.vip, task, connections: 3, packets: 30, bytes: 3000 });
    }
  }
  return { services: [...services.values()], counts };
}

export interface QuestionFigures {
  readonly question: string;
  readonly status: number;
  readonly milliseconds: number;
  /** What the agent computed for it, milliseconds. */
  readonly cpu: number;
  /** Of the answer to the person, and of what the other hosts sent for it. */
  readonly answerBytes: number;
  readonly heardBytes: number;
  /** The most that the agent's heap held meanwhile, and its resident memory at most ever, MiB. */
  readonly heap: number;
  readonly residentPeak: number;
}

export async function measureQuestions(hosts: number): Promise<QuestionFigures[]> {
  const { reports, live } = simulatedHosts({
    ...{ hosts, containers: hosts * CONTAINERS, groups: hosts * GROUPS },
  });
  const balances = reports.map((_, host) => balanceOf(reports, host));
  // Made before, for one program is all the other hosts.
  const lives = reports.map((_, host) => live(host));
  const checkup = (host: number): Checkup => ({
    ...{ version: 1, report: reports[host] as HostReport, plan: [], vxlans: [], cards: [] },
    routes: (reports[host]?.networks ?? []).flatMap((it) =>
      it.endpoints.map(({ id, address }) => ({ endpoint: id, address, there: true, dev: 'eth1' })),
    ),
  });
  const flowsOf = (host: number): HostFlows => {
    const { flows = [] } = lives[host]?.traffic ?? {};
    return { host: reports[host]?.tunnel?.address ?? '', seconds: 1, flows };
  };
  const reporterOf = (host: number): Reporter => ({
    report: () => reports[host] as HostReport,
    plan: async () => [],
    flows: async (milliseconds) => {
      await delay(milliseconds);
      return flowsOf(host);
    },
    balance: async () => balances[host] as HostBalance,
    live: async () => lives[host] as HostLive,
    metrics: async () => ({ text: '', type: 'text/plain' }),
    askPeers: async () => {},
  });
  // The others are one node at many addresses: a thousand certificates take minutes to make.
  const { swarm, directories } = certificates(2);
  const work = await mkdtemp(join(tmpdir(), 'castnet-questions-'));
  const endings: (() => unknown)[] = [() => rm(work, { recursive: true }), () => swarm.remove()];
  try {
    let heard = 0;
    const networks = (reports[0] as HostReport).networks.map((it) => it.id.padEnd(25, '0'));
    const directory = directories[1] as string;
    const credentials = await loadSwarmCredentials({ directory, log: silentLog });
    endings.push(() => credentials.close());
    for (let host = 1; host < hosts; host++) {
      const reporter = reporterOf(host);
      const address = addressOf(host);
      const made = createPublisher({
        ...{ credentials, host: address, port: PORT, node: 'node1', tunnel: address },
        admit: () => true,
        answer: async (what, args) => {
          const isBrief = (args as { brief?: boolean }).brief === true;
          const looked = () => (isBrief ? brief(checkup(host)) : checkup(host));
          const told =
            what === 'checkup'
              ? looked()
              : await answerPeer(reporter, { what, args, scope: 'all' });
          heard += JSON.stringify(told).length;
          return told;
        },
        log: silentLog,
      });
      await made.listen();
      made.publish({ node: 'node1', tunnel: address, networks: new Map() });
      endings.push(() => made.close());
    }
    const outfile = join(work, 'asked.mjs');
    const entry = join(import.meta.dirname, 'asked.ts');
    await bundle({ entry, outfile, target: 'node24', version: '0' });
    const child = fork(outfile, { execArgv: [...NODE_FLAGS, '--expose-gc'], stdio: 'inherit' });
    endings.push(() => child.kill('SIGKILL'));
    const socket = join(work, 'socket');
    const job: AskedJob = {
      ...{
        directory: directories[0] as string,
        address: addressOf(0),
        port: PORT,
        socket,
        networks,
      },
      peers: Array.from({ length: hosts - 1 }, (_, n) => addressOf(n + 1)),
      ...{ report: reports[0] as HostReport, live: lives[0] as HostLive, flows: flowsOf(0) },
      balance: balances[0] as HostBalance,
    };
    child.send(job);
    await once(child, 'message');
    const state = async (): Promise<AskedAnswer> => {
      child.send('state');
      return ((await once(child, 'message')) as [AskedAnswer])[0];
    };
    const end = performance.now() + LIMIT_MS;
    while ((await state()).up < hosts - 1) {
      if (performance.now() > end) throw new Error('not all sessions are open');
      await delay(500);
    }
    const found: QuestionFigures[] = [];
    const calls = [
      '/v1/host',
      '/v1/swarm',
      '/v1/groups',
      '/v1/services',
      '/v1/live',
      '/v1/checkup',
    ];
    for (const path of calls) {
      const { cpu: before } = await state();
      heard = 0;
      const begun = performance.now();
      const hosts = path === '/v1/checkup' ? job.peers : undefined;
      const answer = await ask({
        ...{ socketPath: socket, path, timeoutMs: 60_000 },
        ...(hosts === undefined ? {} : { method: 'POST', body: JSON.stringify({ hosts }) }),
      }).catch((error: Error) => ({ status: 0, text: error.message }));
      const milliseconds = performance.now() - begun;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${path}: the agent ended with ${child.signalCode ?? child.exitCode}`);
      }
      const { heapPeak, residentPeak, cpu } = await state();
      found.push({
        ...{
          question: path,
          status: answer.status,
          milliseconds,
          cpu: cpu - before,
          heardBytes: heard,
        },
        ...{
          answerBytes: answer.text.length,
          heap: heapPeak / MIB,
          residentPeak: residentPeak / MIB,
        },
      });
      if (answer.status === 200) {
        const silent = (JSON.parse(answer.text) as { silent?: { error: string }[] }).silent ?? [];
        if (silent.length > 0) console.log(path, silent.length, 'silent:', silent[0]?.error);
      } else console.log(path, answer.text.slice(0, 200));
      console.log(path, found.at(-1));
    }
    return found;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

if (import.meta.main) {
  const figures = await measureQuestions(Number(process.argv[2] ?? 1000));
  const head = [
    'QUESTION',
    'STATUS',
    'MS',
    'CPU MS',
    'HEARD MiB',
    'ANSWER MiB',
    'HEAP MiB',
    'RSS PEAK MiB',
  ];
  const rows = figures.map((it) => [
    ...[it.question, String(it.status), figure(it.milliseconds), figure(it.cpu)],
    ...[it.heardBytes / MIB, it.answerBytes / MIB, it.heap, it.residentPeak].map(figure),
  ]);
  console.log(renderTable(head, rows));
  process.exit(0);
}
