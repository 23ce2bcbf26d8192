/** Whether Docker's encrypted overlay encrypts: that of a kernel without ESP loses packets or sends them in clear. */
import { mustRun, run, until } from '../../lab/run.ts';
import { inside } from '../namespaces.ts';
import type { Path, Uplink } from '../path.ts';

/** Waits for a first answer. Errors: Error when none comes, or came without ESP. */
export async function goesByEsp({ sender, receivers, uplinks }: Path): Promise<void> {
  const to = receivers[0]?.address ?? '';
  const ping = inside(sender.ns, ['ping', '-c', '1', '-W', '1', to]);
  await until(async () => (await run(ping)).status === 0 || undefined, {
    what: 'an answer over Docker’s encrypted overlay, which needs ESP in the kernel',
    timeoutMs: 20_000,
  });
  const { ns } = uplinks[0] as Uplink;
  const states = await mustRun(inside(ns, ['ip', '-s', 'xfrm', 'state']));
  if (espPackets(states) === 0) throw new Error('Docker’s encrypted overlay sends in clear here');
}

/** @param states what `ip -s xfrm state` prints @returns packets of all of them together */
export function espPackets(states: string): number {
  const counts = states.matchAll(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/g);
  return [...counts].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
