/** `castnet up` and its like as a person runs them, on a machine of the hosts' network with ssh to all. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ROOT } from '../../kit/containers.ts';
import { type SshdOptions, type SshSite, startSshd } from '../../kit/ssh.ts';
import type { Lab, LabHost } from '../../lab.ts';
import type { Underlay } from '../../plan.ts';
import { labEnv, mustRun, type RunResult, run } from '../../run.ts';
import { useLab } from './lab.ts';

/** Longest that any run may take on a busy machine, milliseconds. */
const UP_MS = 240_000;

export type UpLab = {
  lab: () => Lab;
  hosts: () => LabHost[];
  host: (name: string) => LabHost;
  site: () => SshSite;
  /** Runs the built command to its end, or that of another package. */
  castnet: (args: string[], root?: string) => Promise<RunResult>;
  /** Starts it; `line` resolves when a line of its output matches. */
  start: (args: string[]) => Running;
};

export type Running = {
  child: ChildProcess;
  line: (match: RegExp) => Promise<void>;
  ended: Promise<number | null>;
  said: () => string;
};

export type BareOptions = {
  hosts: number;
  underlay?: Underlay;
  sshd?: (host: LabHost) => SshdOptions;
};

/** A lab of hosts with nothing but Docker and sshd. */
export function useBareHosts(tag: string, { hosts, sshd, underlay }: BareOptions): UpLab {
  const lab = useLab(tag, { hosts, plugin: false, swarm: false, underlay: underlay ?? 'ipv4' });
  let site: SshSite | undefined;
  // Before the lab goes, and after it came: hooks of one kind run in the order of their making, or the opposite.
  beforeAll(async () => {
    site = await startSshd(lab().hosts, sshd);
  });
  afterAll(() => site?.close());
  const open = (): SshSite => {
    if (site === undefined) throw new Error('sshd is not up');
    return site;
  };
  // What a killed run leaves of its own goes with the lab.
  const env = (): NodeJS.ProcessEnv => labEnv({ TMPDIR: open().dir });
  const argv = (args: string[], root = ROOT, { config } = open()): string[] => [
    // The network of a host alone: files are the machine's own, as ssh's keys are.
    ...['nsenter', '-t', String(lab().host('h1').pid), '--net', '--', process.execPath],
    ...[join(root, 'dist/castnet.js'), ...args, '-F', config],
  ];
  return {
    lab,
    hosts: () => lab().hosts,
    host: (name) => lab().host(name),
    site: open,
    castnet: (args, root) => run(argv(args, root), { timeoutMs: UP_MS, env: env() }),
    start: (args) => start(argv(args), env()),
  };
}

function start(argv: string[], env: NodeJS.ProcessEnv): Running {
  const [file = '', ...rest] = argv;
  const child = spawn(file, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  let said = '';
  const looks = new Set<() => void>();
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      for (const look of looks) look();
    });
  }
  const line = (match: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (match.test(said)) resolve();
      };
      looks.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${match}:\n${said}`)));
    });
  return { child, line, ended, said: () => said };
}

/** What a host has of Docker's, castnet's and the kernel's, in words, to be compared. */
export async function stateOf(host: LabHost): Promise<string[]> {
  // A host's files are the machine's with a layer of its own, which is what it wrote. Docker takes the
  // namespaces of a Swarm that is gone away in its own time, and sudo notes who called it.
  const files =
    'find /run/layers/*/upper; find /run -not -path "/run/lab*" -not -path "/run/layers*" -not -path "/run/docker/netns/*" -not -path "/run/sudo*"';
  const looks = [
    files,
    'find /var/lib/docker/plugins /var/lib/docker/swarm -maxdepth 1 2>/dev/null',
    'ip -o link show | cut -d: -f2 | cut -d@ -f1',
    'ip netns list',
    'nft list ruleset | grep -v "counter packets"',
    'iptables-save 2>/dev/null | grep -v "^#" | sed "s/\\[[0-9:]*\\]//"',
    'docker plugin ls -q; docker network ls --format "{{.Name}} {{.Driver}}"; docker ps -aq; docker image ls -q castnet-expose; docker volume ls -q',
    'docker info --format "{{.Swarm.LocalNodeState}}"',
  ];
  const said = await Promise.all(
    looks.map((it) => mustRun(host.enter(['sh', '-c', `${it}; :`]), { env: host.env() })),
  );
  return said
    .flatMap((it) => it.split('\n'))
    .filter((it) => it !== '')
    .sort();
}

/** What was added and taken away, as `+ line` and `- line`. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...after.filter((it) => !old.has(it)).map((it) => `+ ${it}`),
    ...before.filter((it) => !now.has(it)).map((it) => `- ${it}`),
  ];
}
