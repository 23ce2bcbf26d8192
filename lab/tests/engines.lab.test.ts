/**
 * Each Docker Engine that is not the machine's own, in short: multicast between the hosts, a virtual
 * address, an agent that starts again. All other tests run on one with CASTNET_LAB_ENGINE.
 */
import { describe, expect, it } from 'vitest';
import { killAgent } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import { containerCount, containersOf, createNetwork, runContainer } from '../kit/stack.ts';
import { closeStations, type Station, startStations } from '../kit/station.ts';
import { Caller, createWeb, spreads, vipsOf } from '../kit/vip.ts';
import { until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { whyWithout } from './support/engines.ts';
import { everyPair, groupReady, settledPairs } from './support/group.ts';
import { useLab } from './support/lab.ts';

const GROUP = '239.72.0.1';
const NET = 'smoke';

/** Sid's answers no API version before 1.44, as Docker 29.0 to 29.2 and whoever sets it. */
const LEAST_API = '1.44';

const OTHERS = [
  { engine: 'trixie', why: await whyWithout('trixie'), env: {} },
  { engine: 'sid', why: await whyWithout('sid'), env: { DOCKER_MIN_API_VERSION: LEAST_API } },
] as const;

for (const { engine, why, env } of OTHERS) {
  describe.skipIf(why !== '')(`on the Docker Engine of Debian's ${engine}${why}`, () => {
    const lab = useLab(engine, { hosts: 2, engine, engineEnv: env });
    let stations: Station[] = [];

    async function expectHeard(tag: string): Promise<void> {
      await Promise.all(stations.map((it) => it.say({ to: GROUP, tag, count: 5 })));
      expect(await settledPairs(stations, { tag, count: 5 })).toEqual(everyPair(stations, 5));
    }

    it('the tasks of a service on two hosts hear each other by multicast, once', async () => {
      await createNetwork(lab(), NET);
      await createWeb(lab(), { name: 'web', networks: [NET], replicas: 2, global: true });
      await containerCount(lab(), NET, 2);
      await settled(lab(), NET);
      stations = await startStations(await containersOf(lab(), NET));
      expect(new Set(stations.map((it) => it.container.host)).size).toBe(2);
      await Promise.all(stations.map((it) => it.join(GROUP)));
      await groupReady(stations, GROUP);
      await expectHeard('tasks');
    });

    it('a virtual address leads to the tasks of both hosts, and nothing fails', async () => {
      const host = lab().host('h2');
      const caller = await Caller.start(await runContainer(host, { network: NET, name: 'caller' }));
      const [vip = ''] = await vipsOf(lab(), 'web');
      expect((await spreads(caller, vip, 2)).failures).toEqual([]);
      await caller.close();
    });

    it('castnet status finds nothing wrong, whatever API version the Engine asks for', async () => {
      const version = await lab().host('h1').api<{ MinAPIVersion: string }>('GET', '/version');
      if (engine === 'sid') expect(version.MinAPIVersion).toBe(LEAST_API);
      for (const host of lab().hosts) {
        // Docker lists a network's hosts once its gossip came round: seconds on a busy machine.
        await until(
          async () => {
            const { stdout, status } = await castnetOn(host, ['status']);
            expect(stdout).toContain('1 established, 1 expected by Docker');
            expect(status, stdout).toBe(0);
            return true;
          },
          { what: `${host.name} to be well and to expect its peer`, timeoutMs: 30_000 },
        );
      }
    });

    it('an agent that is killed starts again, and everyone hears everyone as before', async () => {
      await killAgent(lab().host('h2'));
      await settled(lab(), NET);
      await groupReady(stations, GROUP);
      await expectHeard('restarted');
      await closeStations(stations);
    });
  });
}
