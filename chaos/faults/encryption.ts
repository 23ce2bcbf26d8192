/** Faults of what encrypts, and of the rules beside it: nothing of an encrypted network may pass in clear. */
import { wireguard } from '../../lab/kit/wireguard.ts';
import { mustRun, until } from '../../lab/run.ts';
import type { Fault } from './fault.ts';

export const removed: Fault = {
  name: 'WireGuard interface removed',
  victims: 'any',
  lossless: true,
  rests: true,
  inflict: async (_, victim) => {
    await mustRun(victim.enter(['ip', '-n', 'castnet-wg', 'link', 'del', 'castnet-wg']));
    return Date.now();
  },
};

/** castnet's own alone: of Docker's the same would take its containers their way out. */
export const flushed: Fault = {
  name: 'nft tables flushed',
  victims: 'any',
  lossless: true,
  inflict: async (site, victim) => {
    const tables = (): Promise<string> => mustRun(victim.enter(['nft', 'list', 'tables', 'inet']));
    await mustRun(victim.enter(['nft', 'delete', 'table', 'inet', 'castnet']));
    const inCastnet = ['nsenter', '--net=/run/netns/castnet'];
    await mustRun(victim.enter([...inCastnet, 'nft', 'flush', 'ruleset']));
    const since = Date.now();
    await until(async () => (await tables()).includes('inet castnet\n') || undefined, {
      ...{ what: 'the table inet castnet again', timeoutMs: 30_000, everyMs: 200 },
      signal: site.signal,
    });
    return since;
  },
};

/** They are all the time; here it is looked that they were, with each of the others. */
export const renewed: Fault = {
  name: 'secrets renewed',
  victims: 'any',
  lossless: true,
  inflict: async (site, victim) => {
    const before = await wireguard(victim, 'preshared-keys');
    await until(
      async () => {
        const now = await wireguard(victim, 'preshared-keys');
        const same = [...now].filter(([peer, secret]) => before.get(peer) === secret);
        return (now.size > 0 && same.length === 0) || undefined;
      },
      { what: 'other secrets', timeoutMs: 40_000, everyMs: 500, signal: site.signal },
    );
    return Date.now();
  },
};
