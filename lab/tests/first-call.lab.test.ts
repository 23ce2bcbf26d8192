/** The first call of a container's life: to a service that is there, on whatever way it comes to be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentPid, inHost } from '../kit/agent.ts';
import { IMAGE, RUN_MOUNTS } from '../kit/containers.ts';
import { isAnswered } from '../kit/first-call.ts';
import { type Container, createNetwork, removeNetwork, runContainer } from '../kit/stack.ts';
import { createWeb, removeServices, SERVICE_PORT, vipsOf } from '../kit/vip.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { useLab } from './support/lab.ts';

const lab = useLab('first-call');
let [vip, secondVip] = ['', ''];
const made: Pick<Container, 'host' | 'id'>[] = [];

beforeAll(async () => {
  await createNetwork(lab(), 'one');
  await createNetwork(lab(), 'two');
  await createWeb(lab(), { name: 'web', networks: ['one'], replicas: 6 });
  await createWeb(lab(), { name: 'second', networks: ['two'], replicas: 3 });
  [vip = ''] = await vipsOf(lab(), 'web');
  [secondVip = ''] = await vipsOf(lab(), 'second');
});
afterAll(async () => {
  await Promise.all(made.map(({ host, id }) => host.docker(['rm', '-f', id])));
  await removeServices(lab(), 'web', 'second', 'later');
  await removeNetwork(lab(), 'one');
  await removeNetwork(lab(), 'two');
});

const perl = (mode: string, ...args: readonly (string | number)[]): string[] => [
  ...['/usr/bin/perl', '/castnet/tools/call.pl', mode],
  ...args.map(String),
];

/** What a program says, line by line. */
class Words {
  readonly child: ChildProcess;
  #text = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
    child.stderr?.resume();
  }

  /** Waits for a line. @param withinMs milliseconds */
  line(match: RegExp, withinMs = 30_000): Promise<string> {
    return until(async () => this.#text.split('\n').find((it) => match.test(it)), {
      ...{ what: `a line like ${match}`, timeoutMs: withinMs, everyMs: 10 },
    });
  }
}

const docker = (host: LabHost, ...args: string[]): Words =>
  new Words(spawn('docker', args, { env: host.dockerEnv(), stdio: ['ignore', 'pipe', 'pipe'] }));

/** The ids of the endpoints of which an agent has answered Docker's Join. */
function joined(host: LabHost): Set<string> {
  const directory = inHost(host, '/run/castnet/endpoints');
  const found = new Set<string>();
  for (const name of readdirSync(directory)) {
    try {
      const { id, staticRoutes } = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8'));
      if (staticRoutes !== undefined) found.add(id);
    } catch {
      // Being written, or gone.
    }
  }
  return found;
}

/** From this release on Docker makes a container's namespace before it calls Join. */
const EARLY_NAMESPACE = 28;

it('a container’s first call is answered though its agent is killed between Join and its start', async () => {
  for (const host of lab().hosts) {
    const version = Number.parseInt(
      await host.docker(['version', '-f', '{{.Server.Version}}']),
      10,
    );
    const call = perl('first', vip, SERVICE_PORT, 900);
    const name = `orphan-${host.name}`;
    const what = ['--name', name, ...RUN_MOUNTS, '--network', 'one', IMAGE];
    const id = await host.docker([
      'create',
      ...what,
      '/bin/sh',
      '-c',
      `${call.join(' ')}; sleep 600`,
    ]);
    made.push({ host, id: id.trim() });
    const before = joined(host);
    // Ready to kill at once.
    const killer = host.spawn([
      'sh',
      '-c',
      `echo ready; read line; kill -9 ${await agentPid(host)}`,
    ]);
    await new Words(killer).line(/ready/);
    const orphan = docker(host, 'start', '-a', name);
    await until(async () => [...joined(host)].some((it) => !before.has(it)) || undefined, {
      what: 'the answer to Join',
      timeoutMs: 30_000,
      everyMs: 1,
    });
    killer.stdin?.write('now\n');
    const said = await orphan.line(/^tcp=/);
    const again = (): Promise<string> => host.docker(['exec', name, ...call]);
    await until(async () => isAnswered(await again()) || undefined, {
      what: `${host.name}: an answer`,
      timeoutMs: 10_000,
    });
    // Up to 27 nobody is there to write the rules: docs/reliability.md.
    if (version >= EARLY_NAMESPACE) expect(isAnswered(said), said).toBe(true);
  }
});

// Its first ARP request may be lost, while the kernel has not yet let the container's port of the bridge
// forward (docs/reliability.md), and would be sent again only after a second.
it('a container that joins a second network calls a service of it as soon as it has the interface', async () => {
  for (const [turn, host] of [...lab().hosts, ...lab().hosts, ...lab().hosts].entries()) {
    const container = await runContainer(host, { network: 'one', name: `both-${turn}` });
    made.push(container);
    const call = perl('first', secondVip, SERVICE_PORT, 500, 'await');
    const calling = docker(host, 'exec', container.id, ...call);
    await calling.line(/^waits/);
    await host.docker(['network', 'connect', 'two', container.id]);
    const said = await calling.line(/^tcp=/);
    expect(isAnswered(said), said).toBe(true);
  }
});

it('a container that runs calls a service made later as soon as Docker’s DNS answers its name', async () => {
  const { hosts } = lab();
  const [manager] = hosts as [LabHost];
  const callers = await Promise.all(
    hosts.map((host) => runContainer(host, { network: 'one', name: `early-${host.name}` })),
  );
  made.push(...callers);
  const calling = callers.map(({ host, id }) =>
    docker(host, 'exec', id, ...perl('later', 'later', SERVICE_PORT)),
  );
  await Promise.all(calling.map((it) => it.line(/^waits/)));
  await createWeb(lab(), { name: 'later', networks: ['one'], replicas: 1 });
  const listens = await until(
    async () => {
      const log = await manager.docker(['service', 'logs', '--raw', 'later']);
      return Number(/^(\d+) .* listens/m.exec(log)?.[1]) || undefined;
    },
    { what: 'the task’s own word that it listens', timeoutMs: 20_000 },
  );
  for (const it of calling) {
    const words = await it.line(/^dns=/);
    const [dns = 0, answered = 0] = (/dns=(\d+) vip=(\d+)/.exec(words) ?? []).slice(1).map(Number);
    // On a machine with cores to spare some 50 ms, by docs/reliability.md.
    expect(answered - Math.max(dns, listens), words).toBeLessThan(1_000);
  }
});
