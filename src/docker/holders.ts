import * as z from 'zod';
import { EXPOSE, HOLDER_IMAGE, HOLDER_LABEL } from '../core/exposure.ts';
import { Fault } from '../net/fault.ts';
import { type ActingEngine, type Asked, EngineError } from './engine.ts';
import { HOLD, holdArchive } from './holder-image.ts';

/**
 * Containers that hold an address of a network for their host. Swarm's IPAM gives addresses to tasks alone,
 * and a container that is attached to a network is one (moby, daemon/cluster/networks.go, AttachNetwork):
 * so no other container ever gets the address while its holder is there.
 */

/** Docker gives Swarm 20 s to let a container onto a network, milliseconds. */
const START_MS = 60_000;

const Network = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Attachable: z.boolean().optional(),
  IPAM: z.object({
    Config: z
      .array(z.object({ Subnet: z.string().optional(), Gateway: z.string().optional() }))
      .nullish(),
  }),
});

/** A network as this host's Engine knows it. */
export interface EngineNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly attachable: boolean;
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
}

const Containers = z.array(
  z.object({ Id: z.string(), State: z.string(), Labels: z.record(z.string(), z.string()) }),
);

export interface Holder {
  readonly id: string;
  /** The network's name. */
  readonly network: string;
  /** Docker's word, as `running` or `exited`. */
  readonly state: string;
}

export interface HolderWish {
  readonly network: string;
  /** Without prefix length; absent: Docker chooses. */
  readonly address?: string | undefined;
  readonly aliases: readonly string[];
}

/** Makes and removes them by an Engine. Errors: EngineError, in the Engine's words. */
export function openHolders(engine: Pick<ActingEngine, 'get' | 'send'>, processor = process.arch) {
  const list = async (): Promise<Holder[]> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [HOLDER_LABEL] }));
    const found = Containers.parse(await engine.get(`/containers/json?all=1&filters=${filters}`));
    return found.map(({ Id, State, Labels }) => ({
      ...{ id: Id, state: State, network: Labels[HOLDER_LABEL] ?? '' },
    }));
  };
  const remove = async (id: string): Promise<void> => {
    await unlessGone(engine.send({ method: 'DELETE', path: `/containers/${id}?force=1&v=1` }));
    if ((await list()).length > 0) return;
    await unlessGone(engine.send({ method: 'DELETE', path: `/images/${HOLDER_IMAGE}` }));
  };
  return {
    list,
    remove,
    revive: async () => reviveHolders(engine, await list()),
    /** @returns undefined when this host's Engine does not know it, as a worker's before its first container */
    async network(name: string): Promise<EngineNetwork | undefined> {
      const found = await engine.get(`/networks/${encodeURIComponent(name)}`).catch(ifMissing);
      if (found === undefined) return undefined;
      const { Id, Name, Driver, Attachable = false, IPAM } = Network.parse(found);
      const pools = IPAM.Config ?? [];
      return {
        ...{ id: Id, name: Name, driver: Driver, attachable: Attachable },
        subnets: pools.flatMap(({ Subnet }) => Subnet ?? []),
        gateways: pools.flatMap(({ Gateway }) => Gateway ?? []),
      };
    },
    /**
     * Makes one and starts it: when this resolves, its address is the host's.
     * @throws EngineError; nothing stays then
     */
    async make(wish: HolderWish): Promise<void> {
      const { network } = wish;
      const image = await engine.get(`/images/${HOLDER_IMAGE}/json`).catch(ifMissing);
      if (image === undefined) await engine.send(importOf(processor));
      const path = `/containers/create?name=${encodeURIComponent(`castnet-expose-${network}`)}`;
      const made = await engine.send({ method: 'POST', path, ...json(containerOf(wish)) });
      const { Id } = z.object({ Id: z.string() }).parse(JSON.parse(made));
      try {
        const start = `/containers/${Id}/start`;
        await engine.send({ method: 'POST', path: start, timeoutMs: START_MS });
      } catch (error) {
        await remove(Id).catch(() => {});
        throw error;
      }
    },
  };
}

const Inspected = z.object({ State: z.object({ Error: z.string() }) });

export interface Revived {
  /** Networks whose holder runs again. */
  readonly networks: readonly string[];
  /** What the Engine said of those that still do not. */
  readonly refused: readonly Error[];
}

/**
 * Starts holders that Docker gave up when it started with its host: it tries once, for the 20 s that it gives
 * its Swarm (https://github.com/moby/moby/issues/32607). One that a person stopped stays so: its last start
 * left no error. All are started at once, so that one that cannot be keeps no other waiting.
 */
export async function reviveHolders(
  engine: Pick<ActingEngine, 'get' | 'send'>,
  holders: readonly Holder[],
): Promise<Revived> {
  const networks: string[] = [];
  const refused: Error[] = [];
  const start = async ({ id, network }: Holder): Promise<void> => {
    const { State } = Inspected.parse(await engine.get(`/containers/${id}/json`));
    if (State.Error === '') return;
    await engine.send({ method: 'POST', path: `/containers/${id}/start`, timeoutMs: START_MS });
    networks.push(network);
  };
  const stopped = holders.filter(({ state }) => state !== 'running');
  await Promise.all(stopped.map((it) => start(it).catch((error: Error) => refused.push(error))));
  return { networks, refused };
}

export type Holders = ReturnType<typeof openHolders>;

const json = (value: object) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

function importOf(processor: string): Asked {
  const changes = encodeURIComponent(`CMD ["${HOLD}"]`);
  return {
    method: 'POST',
    path: `/images/create?fromSrc=-&repo=${HOLDER_IMAGE.replace(':', '&tag=')}&changes=${changes}`,
    headers: { 'content-type': 'application/x-tar' },
    body: holdArchive(processor),
  };
}

/** It can do nothing but sleep. */
function containerOf({ network, address, aliases }: HolderWish): object {
  return {
    Image: HOLDER_IMAGE,
    Cmd: [HOLD],
    User: '65534:65534',
    Labels: { [HOLDER_LABEL]: network },
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: 'unless-stopped' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'none' },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [network]: {
          ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
          Aliases: aliases,
          DriverOpts: { [EXPOSE]: 'host' },
        },
      },
    },
  };
}

function ifMissing(error: unknown): undefined {
  if (error instanceof EngineError && error.status === 404) return undefined;
  throw error;
}

const unlessGone = (call: Promise<string>): Promise<unknown> => call.catch(ifMissing);

/** What an Engine that refused says, for a person. */
export function engineWords(error: EngineError): string {
  const said = /\{.*\}$/s.exec(error.message)?.[0];
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(said ?? '')).message;
  } catch {
    return error.message;
  }
}

/** Why Docker let no holder onto a network, with what to do. */
export function refusal(error: EngineError, { network, address }: HolderWish): Fault {
  const words = engineWords(error);
  if (/not manually attachable/.test(words)) return notAttachable(network);
  if (/network \S+ not found|could not find network|no such network/i.test(words)) {
    return new Fault(
      `there is no network "${network}" in this Swarm; docker network ls on a manager lists them`,
    );
  }
  if (/make sure your network options are correct/.test(words) && address !== undefined) {
    return new Fault(
      `Docker does not give ${address} of ${network}: it is in use, or outside of the network. Docker said: ${words}`,
    );
  }
  return new Fault(`Docker does not give this host an address on ${network}: ${words}`);
}

export const notAttachable = (network: string): Fault =>
  new Fault(
    `network ${network} is not attachable, and to Docker a host’s address is a container’s. ` +
      'Make it with --attachable, or attachable: true in the stack file',
  );
