/** The agent of a host, from outside: its reports, its process, Docker's calls to it. */
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { GroupsTable } from '../../src/contract/commands.ts';
import type { HostReport } from '../../src/contract/report.ts';
import { ask as askSocket, type HttpAnswer, type HttpCall } from '../../src/system/http.ts';
import type { Lab, LabHost } from '../lab.ts';
import { mustRun, until } from '../run.ts';

export type HttpRequest = Omit<HttpCall, 'timeoutMs'>;

/**
 * One HTTP request at a Unix socket. Its path may be longer than the 107 bytes that the kernel
 * takes: then the directory is opened, and the socket reached through it.
 */
export async function http(options: HttpRequest): Promise<HttpAnswer> {
  const call = { ...options, timeoutMs: 10_000 };
  if (Buffer.byteLength(call.socketPath) <= 107) return askSocket(call);
  const directory = await open(dirname(call.socketPath));
  try {
    const socketPath = `/proc/self/fd/${directory.fd}/${basename(call.socketPath)}`;
    return await askSocket({ ...call, socketPath });
  } finally {
    await directory.close();
  }
}

/** A path of the host, as this machine sees it. */
export function inHost(host: LabHost, path: string): string {
  return `/proc/${host.pid}/root${path}`;
}

async function ask<T>(host: LabHost, path: string): Promise<T> {
  const socketPath = inHost(host, '/run/castnet/castnet.sock');
  const { status, text } = await http({ socketPath, method: 'GET', path });
  if (status !== 200) throw new Error(`${host.name}: GET ${path} answers ${status}: ${text}`);
  return JSON.parse(text) as T;
}

/** GET /v1/host. */
export function hostReport(host: LabHost): Promise<HostReport> {
  return ask(host, '/v1/host');
}

/** Where a host takes tunnel packets: its address on the underlay, unless it was told another. */
export async function tunnelAddress(host: LabHost): Promise<string> {
  return (await hostReport(host)).tunnel?.address ?? host.address;
}

/** What `castnet groups --json` shows, as this host's agent gathers it. */
export function groupsTable(host: LabHost): Promise<GroupsTable> {
  return ask(host, '/v1/groups');
}

/** The lines of the host's log that the agent wrote and that contain some words. */
export async function agentLog(host: LabHost, words: string): Promise<string[]> {
  const text = await readFile(join(dirname(host.socket), 'dockerd.log'), 'utf8');
  return text.split('\n').filter((it) => it.includes(' plugin=') && it.includes(words));
}

/** What the agent would change in the kernel now, in words. */
export async function plan(host: LabHost): Promise<string[]> {
  return (await ask<{ steps: string[] }>(host, '/v1/plan')).steps;
}

/** Waits until every host's kernel holds exactly what its agent wants. */
export async function healthy(lab: Lab, options: { withinMs?: number } = {}): Promise<void> {
  for (const host of lab.hosts) {
    await until(
      async () => {
        const steps = await plan(host);
        if (steps.length === 0) return true;
        throw new Error(steps.slice(0, 5).join('; '));
      },
      { what: `${host.name}: an empty plan`, timeoutMs: options.withinMs ?? 5_000 },
    );
  }
}

/** The agent's pid inside the host; undefined when it does not run. */
export async function agentPid(host: LabHost): Promise<number | undefined> {
  const { stdout } = await host.exec(['pgrep', '-f', '^/usr/bin/node .*/castnet/agent.mjs$']);
  const pid = Number(stdout.trim().split('\n')[0]);
  return pid > 0 ? pid : undefined;
}

/** Kills the agent and waits until Docker has started another. */
export async function killAgent(host: LabHost, { withinMs = 10_000 } = {}): Promise<void> {
  const old = await agentPid(host);
  if (old === undefined) throw new Error(`${host.name}: castnet's agent does not run`);
  await host.exec(['kill', '-9', String(old)]);
  await until(
    async () => {
      const now = await agentPid(host);
      return now !== undefined && now !== old ? true : undefined;
    },
    { what: 'a new agent', timeoutMs: withinMs },
  );
}

/**
 * Kills the agent, and holds the one that Docker starts in its place (at once: seen on 20.10)
 * before it has done anything, so that the host is without an agent until `resume` is called.
 */
export async function killAgentAndHold(host: LabHost): Promise<{ resume: () => Promise<void> }> {
  const old = await agentPid(host);
  const script = `kill -9 ${old}
for turn in $(seq 2000); do
  pid=$(pgrep -f '^/usr/bin/node .*/castnet/agent.mjs$' | grep -vx ${old}) && kill -STOP "$pid" && echo "$pid" && exit 0
done
exit 1`;
  const pid = (await mustRun(host.enter(['sh', '-c', script]), { timeoutMs: 30_000 })).trim();
  return {
    resume: async () => {
      await mustRun(host.enter(['kill', '-CONT', pid]));
    },
  };
}

/** The path of the socket at which Docker calls the plugin. */
export async function pluginSocket(host: LabHost): Promise<string> {
  const id = (await host.docker(['plugin', 'inspect', '-f', '{{.Id}}', 'castnet:latest'])).trim();
  return inHost(host, `/run/docker/plugins/${id}/castnet.sock`);
}
