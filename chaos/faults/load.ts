/** Faults of what runs on the hosts: many containers at once, networks made again, a full disk. */

import { castnetLinks, footprint } from '../../lab/kit/kernel.ts';
import {
  type Container,
  containersOf,
  createNetwork,
  networkGone,
  removeNetwork,
  runContainer,
} from '../../lab/kit/stack.ts';
import type { LabHost } from '../../lab/lab.ts';
import { mustRun, settle, until } from '../../lab/run.ts';
import { unheard } from '../judge.ts';
import { memberOf, runPulse, tell } from '../members.ts';
import { NETWORK } from '../scene.ts';
import type { Fault, Site } from './fault.ts';

/** In which containers of a network made anew must hear each other, milliseconds. */
const HEARD_MS = 20_000;
const CONTAINERS = 30;
const AGAIN = 'again';

/** What castnet has in every host, to be the same when the fault is over. */
const prints = ({ lab }: Site): Promise<string[][]> => Promise.all(lab.hosts.map(footprint));

async function asBefore(site: Site, before: string[][]): Promise<void> {
  await until(
    async () => {
      const now = await prints(site);
      const surplus = now.flatMap((list, at) => list.filter((it) => !before[at]?.includes(it)));
      const missing = before.flatMap((list, at) => list.filter((it) => !now[at]?.includes(it)));
      if (surplus.length + missing.length === 0) return true;
      throw new Error(`left: ${surplus.join() || 'nothing'}; gone: ${missing.join() || 'nothing'}`);
    },
    { what: 'links, entries and files as before', timeoutMs: 30_000, everyMs: 200 },
  );
}

export const burst: Fault = {
  name: `${CONTAINERS} containers at once`,
  victims: 'any',
  lossless: true,
  inflict: async (site) => {
    const before = await prints(site);
    const { hosts } = site.lab;
    const all = Array.from({ length: CONTAINERS }, (_, index) => ({
      ...{ host: hosts[index % hosts.length] as LabHost, name: `burst-${index}` },
    }));
    try {
      await settle(all.map(({ host, name }) => runContainer(host, { network: NETWORK, name })));
    } finally {
      await Promise.allSettled(all.map(({ host, name }) => host.docker(['rm', '-f', name])));
    }
    const since = Date.now();
    await asBefore(site, before);
    return since;
  },
};

async function everyoneHeard(containers: readonly Container[]): Promise<void> {
  const members = await Promise.all(containers.map(memberOf));
  await until(
    async () => {
      const missing = unheard(await tell(members));
      if (missing.length > 0) throw new Error(missing[0]);
      return true;
    },
    { what: `everyone hearing everyone on ${AGAIN}`, timeoutMs: HEARD_MS, everyMs: 200 },
  );
}

export const again: Fault = {
  name: 'network removed and made again',
  victims: 'any',
  lossless: true,
  inflict: async (site) => {
    const { lab } = site;
    const before = await prints(site);
    const name = (host: LabHost): string => `${AGAIN}-${host.name}`;
    for (const _ of ['once', 'again']) {
      await createNetwork(lab, AGAIN);
      try {
        await settle(lab.hosts.map((host) => runPulse(host, { network: AGAIN, name: name(host) })));
        await everyoneHeard(await containersOf(lab, AGAIN));
      } finally {
        // One that was never made is no error: why it was not is.
        await Promise.allSettled(lab.hosts.map((host) => host.docker(['rm', '-f', name(host)])));
        await removeNetwork(lab, AGAIN);
      }
      for (const host of lab.hosts) await networkGone(host, AGAIN);
    }
    await asBefore(site, before);
    return Date.now();
  },
};

/** /run, where agents keep their state, has no room: nothing can be written, by Docker neither. */
export const full: Fault = {
  name: 'disk full',
  victims: 'any',
  lossless: true,
  inflict: async (site, victim) => {
    const before = await prints(site);
    const resize = (to: string): Promise<string> =>
      mustRun(victim.enter(['mount', '-o', `remount,size=${to}`, '/run']));
    const used = await mustRun(victim.enter(['df', '--output=used', '/run']));
    await resize(`${used.trim().split('\n').at(-1)?.trim()}k`);
    try {
      // Docker or castnet must refuse it; on no account may half of it stay.
      const name = 'refused';
      const ended = await runContainer(victim, { network: NETWORK, name }).then(
        () => undefined,
        (error: Error) => error,
      );
      if (ended === undefined) throw new Error('a container was started on a full disk');
      await victim.docker(['rm', '-f', name]);
      const links = await castnetLinks(victim);
      if (links.length === 0) throw new Error('the links of running containers are gone');
    } finally {
      await resize('50%');
    }
    const since = Date.now();
    await asBefore(site, before);
    return since;
  },
};
