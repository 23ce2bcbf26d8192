/** Containers whose first act is a call to a service's virtual address. */
import type { LabHost } from '../lab.ts';
import { IMAGE, RUN_MOUNTS } from './containers.ts';
import { SERVICE_PORT } from './vip.ts';

const PROGRAM = '/castnet/tools/call.pl';

/** How long a first call may take, milliseconds. */
const PATIENCE_MS = 250;

export interface FirstCalls {
  readonly network: string;
  readonly vip: string;
  readonly hosts: readonly LabHost[];
  readonly count: number;
  /** Containers started together; 1: one after another. */
  readonly atOnce: number;
  /** Milliseconds for each call; 250 unless told. */
  readonly patienceMs?: number;
}

/**
 * Runs containers that call by TCP and UDP as soon as they are, the hosts in turn.
 * @returns what those say whose calls were not both answered, with the host's name; none is best
 */
export async function failedFirstCalls(calls: FirstCalls): Promise<string[]> {
  const { hosts, count, atOnce } = calls;
  const failed: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const host = hosts[next++ % hosts.length] as LabHost;
      const said = await firstCall(host, calls);
      if (!isAnswered(said)) failed.push(`${host.name}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}

/** Whether both calls were answered. @param said by lab/tools/call.pl */
export const isAnswered = (said: string): boolean => said.startsWith('tcp=ok udp=ok ');

/** @returns `tcp=WORD udp=WORD …`, as lab/tools/call.pl says */
export async function firstCall(
  host: LabHost,
  { network, vip, patienceMs = PATIENCE_MS }: Pick<FirstCalls, 'network' | 'vip' | 'patienceMs'>,
): Promise<string> {
  const program = [
    '/usr/bin/perl',
    PROGRAM,
    'first',
    vip,
    String(SERVICE_PORT),
    String(patienceMs),
  ];
  const argv = ['run', '--rm', ...RUN_MOUNTS, '--network', network, IMAGE, ...program];
  return (await host.docker(argv)).trim();
}
