/**
 * One agent among many, in a process of its own with the flags that the plugin gives it: sessions
 * over TLS, the core and the reconciler, with a kernel that only takes note. Its parent is the rest
 * of the Swarm and asks by messages.
 */
import { readFileSync } from 'node:fs';
import { Reconciler } from '../../src/agent/reconciler.ts';
import { DesiredState } from '../../src/core/forwarding/desired-state.ts';
import { silentLog } from '../../src/peers/log.ts';
import { createPeers } from '../../src/peers/peers.ts';
import { createPublisher } from '../../src/peers/publisher.ts';
import { loadSwarmCredentials } from '../../src/peers/tls.ts';

export interface Job {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  readonly networks: readonly { readonly id: string; readonly vni: number }[];
  readonly peers: readonly string[];
}

export interface Answer {
  readonly what: 'listening' | 'state' | 'applied';
  /** Resident, MiB: what Linux counts to the process. */
  readonly resident?: number;
  readonly up?: number;
  readonly awaited?: number;
  readonly facts?: number;
  /** Milliseconds of a clock that all processes share. */
  readonly at?: number;
  /** What the last run of the reconciler took, milliseconds. */
  readonly took?: number;
  readonly steps?: number;
}

const tell = (answer: Answer): void => void process.send?.(answer);
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

const resident = (): number => {
  globalThis.gc?.();
  const [, pages = '0'] = readFileSync('/proc/self/statm', 'utf8').split(' ');
  return (Number(pages) * 4096) / 2 ** 20;
};

async function run({ directory, address, port, networks, peers }: Job): Promise<void> {
  const credentials = await loadSwarmCredentials({ directory, log: silentLog });
  const node = credentials.node as string;
  const tunnel = { address, port: 4789, mtu: 1450 };
  const nets = networks.map((it) => ({ ...it, options: {} }));
  const wanted = new DesiredState();
  let facts = 0;
  let began = 0;
  const kernel = {
    observe: async () => ({ facts: [], memberships: [] }),
    apply: async (steps: readonly { action: string }[]) => {
      for (const { action } of steps) facts += action === 'add' ? 1 : action === 'remove' ? -1 : 0;
      const at = clock();
      tell({ what: 'applied', at, took: at - began, steps: steps.length, facts });
      return [];
    },
  };
  const reconciler = new Reconciler({
    kernel: kernel as never,
    desired: () => {
      began = clock();
      const known = sessions
        .views()
        .flatMap(({ tunnel: to, networks: of }) =>
          to === undefined ? [] : [{ tunnel: to, networks: of }],
        );
      wanted.update({ tunnel, networks: nets, endpoints: [], peers: known });
      return wanted;
    },
    timeOfDay: clock,
    isBusy: () => false,
    onLookBegins() {},
    onLook() {},
    log: { ...silentLog, error: (fields) => console.error(fields) },
  });
  const sessions = createPeers({
    credentials,
    port,
    node,
    log: silentLog,
    onChange: () => void reconciler.loop.request(),
  });
  const publisher = createPublisher({
    credentials,
    host: address,
    port,
    node,
    tunnel: address,
    admit: () => true,
    isListed: sessions.has,
    log: silentLog,
  });
  await publisher.listen();
  const own = networks.map(({ id, vni }) => [id, { vni, endpoints: [], groups: [] }] as const);
  publisher.publish({ node, tunnel: address, networks: new Map(own) });
  process.on('message', async (what) => {
    if (what === 'begin') {
      sessions.setWanted(networks.map((it) => it.id));
      sessions.setPeers(peers);
    }
    if (what === 'state') {
      const views = sessions.views();
      const up = views.filter((it) => it.state === 'up').length;
      const awaited = views.filter((it) => it.awaited).length;
      // All was heard: it counts once the kernel has it.
      if (up === views.length && awaited === 0) await reconciler.loop.request();
      tell({ what: 'state', resident: resident(), up, awaited, facts });
    }
    if (what === 'end') process.exit(0);
  });
  tell({ what: 'listening', resident: resident() });
}

process.once('message', (job) => void run(job as Job));
