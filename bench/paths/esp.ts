/** Whether Docker's encrypted overlay encrypts: that of a kernel without ESP loses packets or sends them in clear. */
import { mustRun, run, until } from '../../lab/run.ts';
import { inside, makeNamespace } from '../namespaces.ts';
import type { Path, Uplink } from '../path.ts';

/** Whether the kernel knows such a state at all, as Docker makes it. */
export async function hasEsp(): Promise<boolean> {
  const { path, close } = await makeNamespace();
  try {
    const ends = ['src', '127.0.0.1', 'dst', '127.0.0.1', 'proto', 'esp', 'spi', '1'];
    const cipher = ['aead', 'rfc4106(gcm(aes))', `0x${'00'.repeat(20)}`, '64'];
    const state = ['ip', 'xfrm', 'state', 'add', ...ends, 'mode', 'transport', ...cipher];
    return (await run(inside(path, state))).status === 0;
  } finally {
    await close();
  }
}

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
