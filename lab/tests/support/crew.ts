/** A network with containers on every host and a station in each, for the tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { plan, tunnelAddress } from '../../kit/agent.ts';
import { settled, tunnelEntries } from '../../kit/kernel.ts';
import {
  type Container,
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from '../../kit/stack.ts';
import {
  closeStations,
  type Station,
  type StationOptions,
  startStations,
} from '../../kit/station.ts';
import type { Lab } from '../../lab.ts';
import { until } from '../../run.ts';
import { tunnelOf } from './network-kind.ts';

export type CrewOptions = StationOptions & {
  network: string;
  /** Options of `docker network create`. */
  args?: readonly string[];
  /** Containers on each host; a, b, … Default 2. */
  each?: number;
};

export type Crew = {
  /** By host and letter: `station('h2', 'a')`. */
  station: (host: string, letter?: string) => Station;
  all: () => Station[];
  vni: () => number;
  /** Waits until the host's kernel copies a MAC to exactly the hosts with these names. */
  copiedTo: (from: string, mac: string, hosts: string[]) => Promise<void>;
};

/** Makes the network and the containers before the tests, removes them after. */
export function useCrew(lab: () => Lab, options: CrewOptions): Crew {
  const { network, args = [], each = 2, ...station } = options;
  let all: Station[] = [];
  let vni = 0;
  beforeAll(async () => {
    await createNetwork(lab(), network, args);
    const containers: Container[] = [];
    for (const host of lab().hosts) {
      for (const letter of 'abcdef'.slice(0, each)) {
        const name = `${network}-${host.name}-${letter}`;
        containers.push(await runContainer(host, { network, name }));
      }
    }
    vni = await vniOf(lab(), network);
    await settled(lab(), network);
    all = await startStations(containers, station);
  });
  afterAll(async () => {
    await closeStations(all);
    await removeContainers(all.map((it) => it.container));
    await removeNetwork(lab(), network);
  });
  return {
    station: (host, letter = 'a') => {
      const found = all.find((it) => it.container.name === `${network}-${host}-${letter}`);
      if (found === undefined) throw new Error(`no station ${host} ${letter}`);
      return found;
    },
    all: () => all,
    vni: () => vni,
    copiedTo: async (from, mac, hosts) => {
      const found = await Promise.all(hosts.map((it) => tunnelAddress(lab().host(it))));
      const wanted = found.sort();
      await until(
        async () => {
          const ways = (await tunnelEntries(lab().host(from))).filter(
            (it) => it.dev === tunnelOf(vni) && it.mac === mac,
          );
          const now = ways.map((it) => it.to).sort();
          if (now.join() !== wanted.join())
            throw new Error(`it is copied to ${now.join() || 'none'}`);
          // A copy's entry comes before the one that lets the group leave the bridge at all.
          const steps = await plan(lab().host(from));
          if (steps.length > 0) throw new Error(`still to do: ${steps[0]}`);
          return true;
        },
        { what: `${mac} copied to ${hosts.join() || 'none'}`, timeoutMs: 5_000, everyMs: 20 },
      );
    },
  };
}
