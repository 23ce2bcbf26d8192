/** A host without power, then all of them: when they boot, everything works again by itself. */
import { beforeAll, expect, it } from 'vitest';
import { VNI_MAX } from '../../src/net/vni.ts';
import { rebootHost } from '../change.ts';
import { runGivenUp } from '../kit/containers.ts';
import { settled } from '../kit/kernel.ts';
import {
  type Container,
  containerCount,
  containersOf,
  createNetwork,
  deployStack,
  runContainer,
} from '../kit/stack.ts';
import { closeStations, startStations } from '../kit/station.ts';
import { until } from '../run.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';
import { settlesOn } from './support/multicast-route.ts';

const GROUP = '239.94.0.1';
/** A task on each of three hosts, and a container that Docker starts again at boot. */
const CONTAINERS = 4;

const lab = useLab('reboot');

/** On two networks, of which one has its multicast by its lower VNI, whatever order Docker takes them in at boot. */
const runPlain = async (): Promise<Container> => {
  const host = lab().host('h2');
  const args = ['--restart', 'always'];
  const plain = await runContainer(host, { network: 'boot_net', name: 'plain', args });
  await host.docker(['network', 'connect', 'higher', plain.name]);
  return plain;
};

beforeAll(async () => {
  await createNetwork(lab(), 'higher', ['--opt', `vni=${VNI_MAX}`]);
  await deployStack(lab(), 'boot', { web: { replicas: 3, global: true } });
  await runPlain();
  await containerCount(lab(), 'boot_net', CONTAINERS);
});

/** Waits until Docker runs all containers again, none of them one that died. */
async function dockerDone(died: readonly Container[]): Promise<Container[]> {
  return until(
    async () => {
      const gaveUp = await runGivenUp(lab().host('h2'), 'plain', runPlain);
      if (gaveUp !== undefined) console.warn(gaveUp);
      const now = await containersOf(lab(), 'boot_net');
      const old = now.filter(({ id, name }) => name !== 'plain' && died.some((it) => it.id === id));
      if (now.length === CONTAINERS && old.length === 0) return now;
      const names = now.map((it) => `${it.name} on ${it.host.name}`).join(', ');
      throw new Error(`${names || 'no container'}; ${old.length} of them of before`);
    },
    { what: 'Docker’s own recovery', timeoutMs: 85_000, everyMs: 200 },
  );
}

async function expectWhole(containers: readonly Container[]): Promise<void> {
  const stations = await startStations(containers);
  await Promise.all(stations.map((it) => it.join(GROUP)));
  await groupReady(stations, GROUP);
  for (const from of stations) {
    for (const to of stations.filter((it) => it !== from)) {
      await from.say({ to: to.container.ip, tag: 'unicast', count: 3 });
      await to.hears(from, { tag: 'unicast', count: 3 });
    }
  }
  await settled(lab(), 'boot_net');
  await closeStations(stations);
}

it.each([
  ['one host', ['h2']],
  ['all hosts at once', ['h1', 'h2', 'h3']],
])(
  'after a power cut of %s everything comes back without a hand',
  async (_, names) => {
    const hosts = names.map((name) => lab().host(name));
    const died = (await containersOf(lab(), 'boot_net')).filter(({ host }) => hosts.includes(host));
    expect(died.length).toBeGreaterThan(0);
    await Promise.all(hosts.map((host) => rebootHost(lab(), host)));
    const containers = await dockerDone(died);
    await expectWhole(containers);
    await settlesOn(containers.find((it) => it.name === 'plain') as Container, 'boot_net');
  },
  180_000,
);
