import type { Agent } from './agent/agent.ts';
import type { Log } from './agent/log.ts';
import type { ExposeRequest, Exposer } from './api/expose.ts';
import type { Exposed, ExposedAddress } from './contract/commands.ts';
import { addressRefused, askedAddress, type KnownNetwork } from './core/exposure.ts';
import { bareAddress } from './core/local.ts';
import { hostLinkName } from './core/names.ts';
import { EngineError } from './docker/engine.ts';
import {
  type EngineNetwork,
  engineWords,
  type Holders,
  type HolderWish,
  notAttachable,
  refusal,
} from './docker/holders.ts';
import { derivedIpv6 } from './net/cidr.ts';
import { Fault } from './net/fault.ts';

/** Wires what people ask for to the Engine, which gives the address, and to what the agent knows. */
export interface ExposingOptions {
  readonly agent: Agent;
  readonly holders: Holders;
  readonly log: Log;
}

export interface Exposing extends Exposer {
  close(): void;
}

/** From one look at holders that Docker gave up to the next, milliseconds. */
const REVIVE_MS = 20_000;

export function openExposing({ agent, holders, log }: ExposingOptions): Exposing {
  const { host, exposures } = agent.rooms;
  /** One after the other: two at once would make two holders. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => work().catch(rethrow));
    last = turn.catch(() => {});
    return turn;
  };

  const addresses = (): Promise<ExposedAddress[]> =>
    Promise.all(
      exposures
        .endpoints()
        .filter((it) => exposures.lack(it) === '')
        .map(async ({ address, network: id }) => {
          const { vni = 0, options = {} } = host.state.networks.get(id) ?? {};
          return {
            network: (await holders.network(id))?.name ?? id,
            address,
            ...(options.ipv6 === undefined
              ? {}
              : { ipv6: derivedIpv6(options.ipv6, bareAddress(address)) }),
            interface: hostLinkName(vni),
          };
        }),
    );
  const told = async (changed: boolean): Promise<Exposed> => {
    const all = await addresses();
    const has = new Set(all.map((it) => it.network));
    const stopped = (await holders.list())
      .filter((it) => !has.has(it.network))
      .map(({ network, state }) => ({ network, state }));
    return { version: 1, changed, addresses: all, stopped };
  };

  /** All that this host has heard of who has which address. */
  const known = ({ id, name, subnets, gateways }: EngineNetwork): KnownNetwork => {
    const { state, link, tunnel } = host;
    const records = [host.record, ...(link.sessions?.views() ?? [])];
    const used = new Map<string, string>();
    for (const it of records) {
      const where = it?.tunnel === tunnel?.address ? 'this host' : `host ${it?.tunnel}`;
      for (const { ip, service } of it?.networks.get(id)?.endpoints ?? []) {
        used.set(ip, `a container on ${where}`);
        if (service !== undefined) used.set(service.vip, `the service ${service.name}`);
      }
    }
    for (const it of state.endpointsOf(id)) {
      if (it.exposed) used.set(bareAddress(it.address), 'this host itself');
    }
    return { name, subnets, gateways, used };
  };

  const exposedOn = async (name: string) => {
    const network = await holders.network(name);
    return network === undefined
      ? { network, own: undefined }
      : { network, own: exposures.endpoints().find((it) => it.network === network.id) };
  };

  async function expose({ network: asked, address: text, aliases }: ExposeRequest) {
    const address = text === undefined ? undefined : askedAddress(text);
    const { network, own } = await exposedOn(asked);
    const name = network?.name ?? asked;
    if (network !== undefined) refuseOthers(network);
    const held = (await holders.list()).find((it) => it.network === name);
    if (
      network !== undefined &&
      text !== undefined &&
      address !== bareAddress(own?.address ?? '')
    ) {
      const why = addressRefused(text, known(network));
      if (why !== undefined) throw new Fault(why);
    }
    if (own !== undefined && exposures.lack(own) === '') {
      if (address === undefined || address === bareAddress(own.address)) return told(false);
      throw new Fault(
        `this host has ${own.address} on ${name} already; castnet expose ${name} --remove takes it back`,
      );
    }
    // One that did not come to run, or was stopped, or gave the host nothing.
    if (held !== undefined) await holders.remove(held.id);
    const wish: HolderWish = { network: name, address, aliases };
    await holders.make(wish).catch((error: unknown) => {
      throw error instanceof EngineError && error.status > 0 ? refusal(error, wish) : error;
    });
    const made = await exposedOn(name);
    const lack = made.own && exposures.lack(made.own);
    if (lack === '') return told(true);
    const holder = (await holders.list()).find((it) => it.network === name);
    if (holder !== undefined) await holders.remove(holder.id);
    if (made.network !== undefined) refuseOthers(made.network);
    if (lack !== undefined) throw new Fault(`no address on ${name} for this host: ${lack}`);
    throw new Fault(`Docker did not ask this agent for an address on ${name}`);
  }

  async function hide(asked: string) {
    const network = await holders.network(asked);
    const name = network?.name ?? asked;
    const held = (await holders.list()).filter((it) => it.network === name);
    if (held.length === 0) {
      const has = (await addresses()).map((it) => it.network);
      throw new Fault(
        `this host has no address on ${name}; it has one on: ${has.join(', ') || 'no network'}`,
      );
    }
    for (const it of held) await holders.remove(it.id);
    return told(true);
  }

  const revive = async (): Promise<void> => {
    const { networks, refused } = await holders.revive();
    if (networks.length > 0) log.info({ networks }, 'the host has its own addresses again');
    for (const { message: reason } of refused) {
      log.debug({ reason }, 'Docker does not start what holds an address of this host');
    }
  };
  let reviving = false;
  // Not in turn: a start that waits for the Swarm must keep nobody waiting who asks for an address.
  const timer = setInterval(() => {
    if (reviving) return;
    reviving = true;
    revive()
      .catch(({ message: reason }: Error) =>
        log.debug({ reason }, 'the host’s own addresses were not looked at'),
      )
      .finally(() => {
        reviving = false;
      });
  }, REVIVE_MS);

  return {
    close: () => clearInterval(timer),
    list: () => inTurn(() => told(false)),
    expose: (request) => inTurn(() => expose(request)),
    hide: (network) => inTurn(() => hide(network)),
  };
}

/** @throws Fault when the network is none of castnet's, or not one that containers may be attached to */
function refuseOthers({ name, driver, attachable }: EngineNetwork): void {
  if (!/(^|\/)castnet(:|$)/.test(driver)) {
    throw new Fault(`network ${name} is not castnet’s: its driver is ${driver}`);
  }
  if (!attachable) throw notAttachable(name);
}

/** What Docker says goes to who asked. */
function rethrow(error: unknown): never {
  throw error instanceof EngineError ? new Fault(`Docker: ${engineWords(error)}`) : error;
}
