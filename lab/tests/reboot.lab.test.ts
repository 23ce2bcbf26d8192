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
import { createWeb } from '../kit/vip.ts';
import { until } from '../run.ts';
import { groupReady } from './support/group.ts';
import { useLab } from './support/lab.ts';
import { settlesOn } from './support/multicast-route.ts';

const GROUP = '239.94.0.1';
/** A task on each of three hosts, and on the plain network a container that Docker starts again at boot. */
const CONTAINERS = { boot_net: 4, secret: 3 };
type Network = keyof typeof CONTAINERS;
const NETWORKS = Object.keys(CONTAINERS) as Network[];

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
  await createNetwork(lab(), 'secret', ['--opt', 'encrypted']);
  await createWeb(lab(), { name: 'hidden', networks: ['secret'], replicas: 3, global: true });
  await runPlain();
  await containerCount(lab(), 'boot_net', CONTAINERS.boot_net);
});

/** Waits until Docker runs all containers again, none of them one that died. */
async function dockerDone(network: Network, died: readonly Container[]): Promise<Container[]> {
  return until(
    async () => {
      const gaveUp = await runGivenUp(lab().host('h2'), 'plain', runPlain);
      if (gaveUp !== undefined) console.warn(gaveUp);
      const now = await containersOf(lab(), network);
      const old = now.filter(({ id, name }) => name !== 'plain' && died.some((it) => it.id === id));
      if (now.length === CONTAINERS[network] && old.length === 0) return now;
      const names = now.map((it) => `${it.name} on ${it.host.name}`).join(', ');
      const plain = await lab().host('h2').docker(['inspect', '-f', '{{json .State}}', 'plain']);
      throw new Error(
        `${names || 'no container'}; ${old.length} of them of before; plain is ${plain.trim()}`,
      );
    },
    { what: 'Docker’s own recovery', timeoutMs: 85_000, everyMs: 200 },
  );
}

async function expectWhole(network: Network, containers: readonly Container[]): Promise<void> {
  await settled(lab(), network);
  const stations = await startStations(containers);
  await Promise.all(stations.map((it) => it.join(GROUP)));
  await groupReady(stations, GROUP);
  for (const from of stations) {
    for (const to of stations.filter((it) => it !== from)) {
      await from.say({ to: to.container.ip, tag: 'unicast', count: 3 });
      await to.hears(from, { tag: 'unicast', count: 3 });
    }
  }
  await closeStations(stations);
}

it.each([
  ['one host', ['h2']],
  ['all hosts at once', ['h1', 'h2', 'h3']],
])(
  'after a power cut of %s everything comes back without a hand',
  async (_, names) => {
    const hosts = names.map((name) => lab().host(name));
    const all = await Promise.all(NETWORKS.map((it) => containersOf(lab(), it)));
    const died = all.flat().filter(({ host }) => hosts.includes(host));
    expect(died.length).toBeGreaterThan(0);
    await Promise.all(hosts.map((host) => rebootHost(lab(), host)));
    for (const network of NETWORKS) {
      const containers = await dockerDone(network, died);
      await expectWhole(network, containers);
      const plain = containers.find((it) => it.name === 'plain');
      if (plain !== undefined) await settlesOn(plain, network);
    }
  },
  180_000,
);
