import { spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { statfsSync, statSync } from 'node:fs';
import { CommandError, mustRun, saidTooMuch } from '../system/run.ts';
import { nftList } from './nft-table.ts';
import { type Counted, parsePairCounters } from './pair-counters.ts';

/**
 * A container's network namespace, by the path that Docker names it with. Entering it takes none of
 * Docker's locks, so this may run while Docker waits for the answer to Join, if the namespace is there
 * by then: up to Docker 27 it is only for a container that runs already.
 */

/** The path as seen from here: Docker writes /var/run, which a plugin may not have. */
export const seen = (path: string): string => path.replace(/^\/var\/run\//, '/run/');

/** The argv prefix that runs a program inside a container's namespace. */
export const inSandbox = (path: string, ...argv: readonly string[]): string[] => [
  'nsenter',
  `--net=${seen(path)}`,
  ...argv,
];

/** NSFS_MAGIC of linux/magic.h: what is mounted at the path of a namespace. */
const NSFS = 0x6e736673;

/**
 * Whether the namespace is there. Docker makes an empty file at its path before it binds it there.
 * @returns something that differs when another namespace takes its path; undefined when there is none
 */
export function sandboxIdentity(path: string): string | undefined {
  try {
    if (statfsSync(seen(path)).type !== NSFS) return undefined;
    const { ino, dev } = statSync(seen(path));
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * Runs nft's script as one transaction inside a namespace.
 * @throws CommandError in nft's words; nothing of the script is in force then
 */
export async function applyRules(path: string, script: string): Promise<void> {
  await mustRun(inSandbox(path, 'nft', '-f', '-'), script);
}

/**
 * Characters that are read of what a container may have written itself, which has this agent's memory
 * otherwise; a thousand services are a tenth of it.
 */
const LISTING_MOST = 4 * 1024 * 1024;

/**
 * What nft lists in a namespace; empty when the container's own entries are too many to read.
 * @returns undefined when it is not there, or the container has left meanwhile
 */
async function list(path: string, ...argv: string[]): Promise<string | undefined> {
  try {
    return await nftList(inSandbox(path, 'nft', ...argv), { outputMost: LISTING_MOST });
  } catch (error) {
    if (saidTooMuch(error)) return '';
    if (sandboxIdentity(path) === undefined) return undefined;
    throw error;
  }
}

/**
 * nft's text of tables inside a namespace, without their sets' contents.
 * @param tables with their families, as `ip castnet`
 * @returns undefined when one of them is not there
 * @throws CommandError when they cannot be read
 */
export async function listTables(
  path: string,
  tables: readonly string[],
): Promise<string | undefined> {
  // Asked for two at once, nft 1.0.6 finds neither.
  const found = await Promise.all(
    tables.map((it) => list(path, '-t', 'list', 'table', ...it.split(' '))),
  );
  return found.includes(undefined) ? undefined : found.join('');
}

/**
 * The counters of a set whose elements are pairs of addresses.
 * @returns none when there is no such set
 */
export async function pairCounters(path: string, table: string, set: string): Promise<Counted[]> {
  const listed = await list(path, '-j', 'list', 'set', 'ip', table, set);
  return listed ? parsePairCounters(listed) : [];
}

/** Opens a socket at the namespace's loopback and hands it over to the parent. */
const HAND_OVER = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind(0, '127.0.0.1', () => process.send('socket', socket, () => process.exit()));
`;

/** A Node that starts on a busy host; one that hangs must not hold who waits for it. */
const HAND_OVER_MS = 10_000;

/**
 * A UDP socket that lives in the namespace, though this process does not: a socket belongs to the
 * namespace it was made in. While it is open it keeps the namespace alive, so close it as soon as
 * the container has left.
 * @throws CommandError when the namespace cannot be entered
 */
export function openSocketIn(path: string): Promise<Socket> {
  const argv = inSandbox(path, process.execPath, '--eval', HAND_OVER);
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0] as string, argv.slice(1), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: HAND_OVER_MS,
      killSignal: 'SIGKILL',
    });
    let socket: Socket | undefined;
    child.on('message', (_, handle) => {
      // Without a file left for it here (EMFILE) the message comes alone.
      if (handle === undefined) return;
      socket = handle as unknown as Socket;
      resolve(socket);
    });
    child.on('error', (error) => reject(new CommandError(argv, null, error.message)));
    child.on('close', (status) => {
      if (socket === undefined) reject(new CommandError(argv, status, 'no socket came of it'));
    });
  });
}
