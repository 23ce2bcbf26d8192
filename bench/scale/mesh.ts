/** The rest of a Swarm for one agent: publishers and subscribers over TLS, at loopback addresses. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundle } from '../../plugin/bundle.ts';
import { NODE_FLAGS } from '../../plugin/config.ts';
import type { NetworkRecord } from '../../src/core/records.ts';
import { silentLog } from '../../src/peers/log.ts';
import { createPublisher } from '../../src/peers/publisher.ts';
import { createSubscriber } from '../../src/peers/subscriber.ts';
import { type TestSwarm, testSwarm } from '../../src/peers/testing/certificates.ts';
import { loadSwarmCredentials } from '../../src/peers/tls.ts';
import type { Answer, Job } from './agent.ts';
import { endpoint, networkName, vni } from './swarm.ts';

const PORT = 4790;
/** Another 127.x address for each host. */
const addressOf = (n: number): string => `127.77.${n >> 8}.${n & 255}`;
const LIMIT_MS = 180_000;
const CHANGES = 10;

export interface MeshFigures {
  readonly peers: number;
  readonly containers: number;
  readonly facts: number;
  /** Resident memory of the agent, MiB: before it has peers, and with all of them. */
  readonly bare: number;
  readonly resident: number;
  /** From the first connection to the last record in the kernel's steps, milliseconds. */
  readonly complete: number;
  /** From a peer's `publish` to the agent's steps, over TLS, median milliseconds. */
  readonly change: number;
  /** Of it, computing and comparing what the kernel shall hold. */
  readonly reconcile: number;
}

/** Certificates of so many nodes; the first is the agent's. */
export function certificates(count: number): { swarm: TestSwarm; directories: string[] } {
  const swarm = testSwarm('scale');
  return { swarm, directories: Array.from({ length: count }, (_, n) => swarm.node(`node${n}`)) };
}

export interface MeshOptions {
  /** Of the agent and its peers. */
  readonly directories: readonly string[];
  /** Networks that every one of them has. */
  readonly networks: number;
  /** Containers of each peer, over all networks. */
  readonly containers: number;
  /** Groups of each peer. */
  readonly groups: number;
}

/** What a peer has of a network. */
function recordOf(
  options: MeshOptions,
  network: number,
  peer: number,
  more: number,
): NetworkRecord {
  const share = (of: number): number[] =>
    Array.from({ length: of }, (_, i) => i).filter((i) => i % options.networks === network);
  const ends = share(options.containers).map((i) => endpoint(network, peer * 40 + i));
  for (let i = 0; i < more; i++) ends.push(endpoint(network, peer * 40 + 30 + (i % 10)));
  const groups = share(options.groups).map((i) => `239.${network}.${(peer * 2 + i) % 100}.1`);
  return {
    vni: vni(network),
    endpoints: ends,
    groups: [...new Set(groups)].map((group) => ({ group, mode: 'exclude', sources: [] })),
  };
}

/** Measures one agent among the others. */
export async function measureMesh(options: MeshOptions): Promise<MeshFigures> {
  const work = await mkdtemp(join(tmpdir(), 'castnet-scale-'));
  const endings: (() => void | Promise<void>)[] = [() => rm(work, { recursive: true })];
  try {
    const outfile = join(work, 'agent.mjs');
    const entry = join(import.meta.dirname, 'agent.ts');
    await bundle({ entry, outfile, target: 'node24', version: '0' });
    return await measure(options, { outfile, atEnd: (end) => endings.push(end) });
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function measure(
  options: MeshOptions,
  { outfile, atEnd }: { outfile: string; atEnd: (end: () => void | Promise<void>) => void },
): Promise<MeshFigures> {
  const { directories } = options;
  const networks = Array.from({ length: options.networks }, (_, n) => n);
  const ids = networks.map(networkName);
  const host = (peer: number, more = 0) => ({
    node: `node${peer}`,
    tunnel: addressOf(peer),
    networks: new Map(
      networks.map((n) => [networkName(n), recordOf(options, n, peer, n === 0 ? more : 0)]),
    ),
  });
  const publishers = [];
  const all = [];
  for (let peer = 1; peer < directories.length; peer++) {
    const directory = directories[peer] as string;
    const credentials = await loadSwarmCredentials({ directory, log: silentLog });
    const address = addressOf(peer);
    const made = createPublisher({
      ...{ credentials, host: address, port: PORT, node: `node${peer}`, tunnel: address },
      admit: () => true,
      log: silentLog,
    });
    await made.listen();
    made.publish(host(peer));
    publishers.push(made);
    all.push({ credentials, address });
    atEnd(() => made.close());
    atEnd(() => credentials.close());
  }
  const child = fork(outfile, { execArgv: [...NODE_FLAGS, '--expose-gc'], stdio: 'inherit' });
  const answers = new Answers(child);
  atEnd(() => void child.kill('SIGKILL'));
  const job: Job = {
    directory: directories[0] as string,
    address: addressOf(0),
    port: PORT,
    networks: networks.map((n) => ({ id: networkName(n), vni: vni(n) })),
    peers: all.map((it) => it.address),
  };
  child.send(job);
  const bare = (await answers.next('listening')).resident ?? 0;
  const began = performance.now();
  child.send('begin');
  for (const [at, { credentials }] of all.entries()) {
    const to = createSubscriber({
      ...{ address: addressOf(0), port: PORT, credentials, node: `node${at + 1}`, wanted: ids },
      log: silentLog,
      onChange() {},
    });
    atEnd(() => to.close());
  }
  const state = await untilComplete(answers, child, all.length);
  const complete = performance.now() - began;
  await delay(3_000);
  const settled = await ask(answers, child);
  answers.forget();
  const changes: number[] = [];
  const runs: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const peer = 1 + ((i * 97) % publishers.length);
    const at = Number(process.hrtime.bigint()) / 1e6;
    publishers[peer - 1]?.publish(host(peer, 1));
    const applied = await answers.next('applied');
    changes.push((applied.at ?? 0) - at);
    runs.push(applied.took ?? 0);
    publishers[peer - 1]?.publish(host(peer));
    await answers.next('applied');
  }
  child.send('end');
  return {
    peers: all.length,
    containers: all.length * options.containers,
    facts: state.facts ?? 0,
    bare,
    resident: settled.resident ?? 0,
    complete,
    change: middle(changes),
    reconcile: middle(runs),
  };
}

const middle = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1] ?? 0;

async function ask(answers: Answers, child: ChildProcess): Promise<Answer> {
  child.send('state');
  return answers.next('state');
}

async function untilComplete(
  answers: Answers,
  child: ChildProcess,
  peers: number,
): Promise<Answer> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const state = await ask(answers, child);
    if (state.up === peers && state.awaited === 0) return state;
    if (performance.now() > end)
      throw new Error(`only ${state.up} of ${peers} sessions after ${LIMIT_MS} ms`);
    await delay(200);
  }
}

/** The child's answers, in order, by kind. */
class Answers {
  readonly #waiting: {
    what: string;
    resolve: (answer: Answer) => void;
    reject: (error: Error) => void;
  }[] = [];
  #come: Answer[] = [];

  constructor(child: ChildProcess) {
    child.on('message', (answer: Answer) => {
      const at = this.#waiting.findIndex((it) => it.what === answer.what);
      if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(answer);
      else if (answer.what !== 'applied' || this.#keeps) this.#come.push(answer);
    });
    child.on('exit', (status, signal) => {
      const error = new Error(`the agent ended with ${signal ?? `status ${status}`}`);
      for (const { reject } of this.#waiting) reject(error);
    });
  }

  #keeps = false;

  /** From now on steps that nobody waits for yet are kept. */
  forget(): void {
    this.#come = [];
    this.#keeps = true;
  }

  next(what: Answer['what']): Promise<Answer> {
    const at = this.#come.findIndex((it) => it.what === what);
    if (at >= 0) return Promise.resolve(this.#come.splice(at, 1)[0] as Answer);
    return new Promise((resolve, reject) => this.#waiting.push({ what, resolve, reject }));
  }
}
