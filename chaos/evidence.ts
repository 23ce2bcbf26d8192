/** What a broken promise is understood by later: every host's state, written to files at once. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentLog, hostReport, inHost, plan } from '../lab/kit/agent.ts';
import { ROOT } from '../lab/kit/containers.ts';
import { inCastnet } from '../lab/kit/kernel.ts';
import { inWireguard } from '../lab/kit/wireguard.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import { mustRun } from '../lab/run.ts';
import { NETWORK } from './scene.ts';
import { type Row, render } from './table.ts';

/** Ignored by git. */
const OUTPUT = join(ROOT, 'test-output', 'chaos');
const NAMESPACES = join(import.meta.dirname, 'namespaces.pl');
/** A host that is in trouble must not hold the others' files up, milliseconds. */
const LONGEST_MS = 20_000;

/** By file name, what it holds of a host. */
const FILES: Record<string, (host: LabHost) => Promise<string>> = {
  'plan.json': async (host) => json(await plan(host)),
  'report.json': async (host) => json(await hostReport(host)),
  'endpoints.json': async (host) => json(await keptEndpoints(host)),
  'agent.log': async (host) => (await agentLog(host, '')).join('\n'),
  'dockerd.log': (host) => readFile(inHost(host, '/run/lab/dockerd.log'), 'utf8'),
  'fdb.txt': (host) => inCastnet(host, ['bridge', 'fdb', 'show']),
  'mdb.txt': (host) => inCastnet(host, ['bridge', '-d', 'mdb', 'show']),
  'links.txt': (host) => inCastnet(host, ['ip', '-d', 'link']),
  'nft.txt': (host) => inCastnet(host, ['nft', 'list', 'ruleset']),
  // wg shows no key but public ones.
  'wireguard.txt': (host) => inWireguard(host, ['wg']),
  'wireguard-links.txt': (host) => inWireguard(host, ['ip', '-s', 'address']),
  'containers.txt': (host) => docker(host, 'ps', '--all', '--no-trunc'),
  'network.json': (host) => docker(host, 'network', 'inspect', NETWORK),
  'namespaces.txt': async (host) => {
    const input = await readFile(NAMESPACES);
    return mustRun(host.enter(['perl', '-']), { input, timeoutMs: LONGEST_MS });
  },
  'sandboxes.txt': (host) => mustRun(host.enter(['ls', '-lai', '/run/docker/netns'])),
};

/**
 * Saves the state of every host beside the table. What cannot be had is said in its file.
 * @returns the directory
 */
export async function saveEvidence(lab: Lab, row: Row): Promise<string> {
  const what = `${row.fault}-${row.victim}`.replaceAll(/[^\w-]+/g, '-');
  const directory = join(OUTPUT, `${new Date().toISOString().replaceAll(/[:.]/g, '')}-${what}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'table.txt'), `${render([row])}\n`);
  await Promise.all(lab.hosts.map((host) => saveHost(host, join(directory, host.name))));
  return directory;
}

async function saveHost(host: LabHost, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const save = async ([name, read]: [string, (host: LabHost) => Promise<string>]) => {
    const text = await read(host).catch((error: Error) => `${error.message}\n`);
    await writeFile(join(directory, name), text);
  };
  await Promise.all(Object.entries(FILES).map(save));
}

/** What the agent keeps of each endpoint. */
async function keptEndpoints(host: LabHost): Promise<unknown[]> {
  const directory = inHost(host, '/run/castnet/endpoints');
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(directory, name), 'utf8'));
  return Promise.all((await readdir(directory)).map(read));
}

const docker = (host: LabHost, ...args: string[]): Promise<string> =>
  host.docker(args, { timeoutMs: LONGEST_MS });

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
