/**
 * What is tried on a kernel, one step after the other. The steps run inside the virtual machine and
 * use the lab, the demo and the tests' own helpers as they are.
 */
import { missing, type Scene } from '../../recipes/demo/hearing.ts';
import { observe } from '../../recipes/demo/observe.ts';
import * as demo from '../../recipes/demo/site.ts';
import { leftovers } from '../kit/leftovers.ts';
import { type Lab, type LabHost, labDown } from '../lab.ts';
import { labBase, labDirectory } from '../plan.ts';
import { until } from '../run.ts';
import { cards } from './cards.ts';
import type { Cast } from './cast.ts';
import { encrypted } from './encrypted.ts';
import { fastPath } from './fast-path.ts';
import { features } from './features.ts';
import { guard } from './guard.ts';
import { ingress } from './ingress.ts';
import { keepLogs } from './keep.ts';
import { lossyLink } from './lossy-link.ts';
import { restartedAgent, virtualAddress } from './services.ts';
import { speed } from './speed.ts';
import { underlays } from './underlays.ts';

/** What came out, to be shown: short words and numbers. */
export type Figures = Record<string, string | number>;

export type Step = {
  /** Key of the step in results. */
  name: string;
  /** What is claimed. */
  title: string;
  /** Milliseconds of the guest's time; see guest.ts. */
  timeoutMs: number;
  run: (stage: Stage) => Promise<Figures>;
};

/** What one step leaves to the next. */
export type Stage = {
  lab?: Lab;
  cast?: Cast;
  say: (line: string) => void;
  signal: AbortSignal;
};

export const STEPS: readonly Step[] = [
  {
    name: 'features',
    title: 'the kernel has what castnet needs, each tried by doing it',
    timeoutMs: 120_000,
    run: () => features(),
  },
  {
    name: 'fast-path',
    title: 'the fast path takes unicast and groups, in the agent’s own trial',
    timeoutMs: 120_000,
    run: () => fastPath(),
  },
  {
    name: 'lab',
    title: 'three hosts, one on a bond and one on a VLAN, form a Swarm with the plugin on each',
    timeoutMs: 300_000,
    run: async (stage) => {
      const { say, signal } = stage;
      stage.lab = await demo.bringUpSite({
        ...{ hosts: 3, underlay: 'bond-vlan', signal },
        onProgress: say,
      });
      await demo.loadImages(stage.lab);
      await demo.waitForDriver(stage.lab, signal);
      return { hosts: stage.lab.hosts.length };
    },
  },
  {
    name: 'demo',
    title: 'the demo’s containers on three hosts hear each other by multicast',
    timeoutMs: 240_000,
    run: async (stage) => {
      const lab = upOf(stage);
      const containers = await demo.deploy(lab, { perHost: 1 });
      const scene = await until(() => complete(lab), {
        what: 'a table in which each hears every other',
        timeoutMs: 200_000,
        everyMs: 3_000,
        signal: stage.signal,
      });
      await first(lab).docker(['stack', 'rm', demo.NAME]);
      return { containers, heard: scene.containers.length * (scene.containers.length - 1) };
    },
  },
  {
    name: 'vip',
    title: 'a service’s virtual address leads to all of its tasks, from every host',
    timeoutMs: 180_000,
    run: (stage) => virtualAddress(stage),
  },
  {
    name: 'ingress',
    title: 'a port published in ingress mode answers on every host, from every task',
    timeoutMs: 180_000,
    run: (stage) => ingress(stage),
  },
  {
    name: 'netem',
    title: 'a link with loss and delay loses and delays only that, and sessions stay',
    timeoutMs: 180_000,
    run: (stage) => lossyLink(stage),
  },
  {
    name: 'guard',
    title: 'no container’s VXLAN packet comes in, by bridge or ipvlan',
    timeoutMs: 180_000,
    run: (stage) => guard(stage),
  },
  {
    name: 'agent',
    title: 'an agent’s restart loses no packet',
    timeoutMs: 180_000,
    run: (stage) => restartedAgent(stage),
  },
  {
    name: 'encrypted',
    title:
      'by the kernel’s WireGuard no packet is lost when agents restart or secrets are renewed, and clocks may be set back',
    timeoutMs: 420_000,
    run: (stage) => encrypted(stage),
  },
  {
    name: 'underlays',
    title:
      'the fast path leaves a bond, a VLAN and WireGuard to bridge and tunnel, says so, and no packet comes twice',
    timeoutMs: 300_000,
    run: (stage) => underlays(stage),
  },
  {
    name: 'cards',
    title: 'the fast path takes unicast, groups and TCP on a network card that is no veth',
    timeoutMs: 300_000,
    run: (stage) => cards(stage),
  },
  {
    name: 'speed',
    title:
      'castnet by the kernel’s WireGuard is measured beside Docker’s overlay by the kernel’s ESP',
    timeoutMs: 1_200_000,
    run: (stage) => speed(stage),
  },
  {
    name: 'down',
    title: 'the lab is taken down and nothing of it stays',
    timeoutMs: 120_000,
    run: async (stage) => {
      const lab = upOf(stage);
      const { name } = lab;
      await keepLogs(lab);
      await labDown(name);
      const rest = await leftovers(labDirectory(labBase(process.env), name));
      if (rest.length > 0) throw new Error(`left behind: ${rest.join(', ')}`);
      return {};
    },
  },
];

/** Of a boot that measures; no other boot has `speed`, which takes as long as all of their steps. */
export const SPEED_STEPS: readonly string[] = ['lab', 'speed', 'down'];

/** Of a boot that tries everything. */
export const ALL_STEPS: readonly string[] = STEPS.map((it) => it.name).filter(
  (it) => it !== 'speed',
);

/** Steps without which a boot with other parameters would prove nothing. */
export const SHORT_STEPS: readonly string[] = ['features', 'lab', 'demo', 'vip', 'down'];

/** Errors: when the step that brings it up has not. */
export function upOf({ lab }: Stage): Lab {
  if (lab === undefined) throw new Error('there is no lab');
  return lab;
}

const first = (lab: Lab): LabHost => lab.hosts[0] as LabHost;

async function complete(lab: Lab): Promise<Scene> {
  const scene = await observe(lab);
  const rest = missing(scene);
  if (rest.length === 0) return scene;
  throw new Error(rest.slice(0, 3).join('; '));
}
