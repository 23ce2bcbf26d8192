import { isExposure } from '../core/exposure.ts';
import { networkMtu, networkTunnel, type Tunnel } from '../core/forwarding/forwarding.ts';
import { bareAddress, type LocalNetwork, type NetworkOptions } from '../core/local.ts';
import { containerEndName, hostLinkName, portName, vxlanOf } from '../core/names.ts';
import { parseAttachment, parseOptions } from '../core/options.ts';
import type { Driver, EndpointRequest, NetworkRequest } from '../docker/driver.ts';
import type { JoinAnswer } from '../docker/protocol.ts';
import { derivedIpv6 } from '../net/cidr.ts';
import { Fault } from '../net/fault.ts';
import { isMac, macOfIpv4 } from '../net/mac.ts';
import { IPV6_MTU_MIN } from '../net/mtu.ts';
import { chooseVni } from '../net/vni.ts';
import type { KeptEndpoint, State } from './state.ts';

export interface PortMaker {
  createPort(request: { endpoint: string; vni: number; mac: string; mtu: number }): Promise<void>;
  deletePort(endpoint: string): Promise<void>;
}

export interface DriverOptions {
  readonly state: State;
  readonly ports: PortMaker;
  /** Found afresh. @throws Fault when this host has no tunnel address */
  readonly tunnel: () => Promise<Tunnel>;
  /** The same, after some seconds if one is to come. */
  readonly tunnelSoon: () => Promise<Tunnel>;
  /**
   * Has everything ready for an encrypted network that the state now has.
   * @returns why it cannot be, in a sentence; empty: it is
   */
  readonly encrypt: (vni: number) => Promise<string>;
  /** As it was when last found, at most some seconds ago. */
  readonly lastTunnel: () => Tunnel | undefined;
  /** Brings the kernel to what the state now says; resolves when it is there. */
  readonly reconcile: () => Promise<void>;
  /** Ports that are being made or removed right now: the reconciler leaves them alone. */
  readonly busy: Set<string>;
  /** Takes note of a port that was made. */
  readonly made: (endpoint: KeptEndpoint, vni: number) => void;
  readonly removed: (device: string) => void;
  /** Gives the host itself the endpoint's address, by a link. */
  readonly expose: (endpoint: KeptEndpoint, network: LocalNetwork) => Promise<void>;
  /** Whether the kernel has a device, by the last that is known. */
  readonly hasDevice: (dev: string) => boolean;
  /** Why the kernel has it not, in a sentence with what to do. */
  readonly whyNoDevice: (network: Pick<LocalNetwork, 'vni' | 'options'>) => Promise<string>;
  /** Whether this host's kernel has IPv6. */
  readonly hasIpv6: () => boolean;
  /** VNIs of networks that Docker knows, by network id. */
  readonly knownVnis: () => Iterable<readonly [string, number]>;
  /** Something changed that the other hosts are to know. */
  readonly changed: () => void;
  /**
   * Has the container ready for its first process, or waits for its namespace to come. Without a
   * namespace only the way to it is waited for.
   */
  readonly prepare: (endpoint: { network: string; sandbox?: string }) => Promise<void>;
  /** The containers' routes for multicast. */
  readonly discovery: {
    /** @returns those of the endpoint that Docker shall make */
    join(endpoint: string): Promise<readonly string[]>;
    settle(sandbox: string | undefined): void;
  };
  /** A container got its interface. */
  readonly joined: () => void;
  readonly discovered: () => void;
  readonly now: () => number;
}

/** A connected route (libnetwork/docs/remote.md): it leads to no next hop. */
const connected = (Destination: string) => ({ Destination, RouteType: 1, NextHop: '' }) as const;

/** Docker's requests, carried out on the state and the kernel. */
export function createDriver(options: DriverOptions): Driver {
  const { state, ports, busy } = options;

  const vniOwner = (vni: number, except: string): string | undefined => {
    const taken = [
      ...[...state.allocations.values(), ...state.networks.values()].map(
        (it) => [it.id, it.vni] as const,
      ),
      ...options.knownVnis(),
    ];
    return taken.find(([id, its]) => its === vni && id !== except)?.[0];
  };

  const network = (id: string): LocalNetwork => {
    const found = state.networks.get(id);
    if (found === undefined) {
      throw new Fault(`network ${id} is not known on this host; CreateNetwork comes first`);
    }
    return found;
  };

  const endpoint = (networkId: string, id: string): KeptEndpoint => {
    network(networkId);
    const found = state.endpoints.get(id);
    if (found === undefined || found.network !== networkId) {
      throw new Fault(`endpoint ${id} is not known on network ${networkId}`);
    }
    return found;
  };

  const whileBusy = async (id: string, work: () => Promise<void>): Promise<void> => {
    busy.add(portName(id));
    try {
      await work();
    } finally {
      busy.delete(portName(id));
    }
  };

  return {
    async allocateNetwork({ id, options: raw }: NetworkRequest) {
      const { vni: asked, ...settings } = parseOptions(raw);
      // Hosts may differ; but what this one cannot carry is better said now than by each task.
      const tunnel = await options.tunnel().catch(() => undefined);
      if (tunnel !== undefined) {
        refuseMtu(settings, tunnel);
      }
      if (asked !== undefined) {
        refuseTaken(asked, vniOwner(asked, id));
        state.allocations.set({ id, vni: asked });
        return { vni: String(asked) };
      }
      const before = state.allocations.get(id);
      const taken = new Set([
        ...[...state.allocations.values(), ...state.networks.values()].map((it) => it.vni),
        ...[...options.knownVnis()].map(([, vni]) => vni),
      ]);
      const vni = before?.vni ?? chooseVni(id, taken);
      state.allocations.set({ id, vni });
      return { vni: String(vni) };
    },

    async freeNetwork(id) {
      state.allocations.delete(id);
    },

    async createNetwork({ id, options: raw, ...subnets }) {
      const { vni, ...settings } = parseOptions(raw);
      if (vni === undefined) {
        throw new Fault(
          `network ${id} has no VXLAN network id. castnet networks are made in a Swarm: ` +
            'use `docker network create -d castnet:latest` on a manager.',
        );
      }
      if (settings.ipv6 !== undefined && !options.hasIpv6()) {
        throw new Fault(
          `option ipv6=${settings.ipv6} needs IPv6, which this host's kernel was booted without (ipv6.disable=1). ` +
            'Boot it with IPv6, or keep the network’s tasks off it by a constraint.',
        );
      }
      const tunnel = await options.tunnelSoon();
      refuseMtu(settings, tunnel);
      const owner = [...state.networks.values()].find((it) => it.vni === vni && it.id !== id);
      refuseTaken(vni, owner?.id);
      state.networks.set({ id, vni, options: settings, ...subnets });
      if (settings.encrypted === true) {
        const why = await options.encrypt(vni);
        if (why !== '') {
          state.networks.delete(id);
          await options.reconcile();
          throw new Fault(
            `option encrypted: ${why}. The network stays closed on this host. Give the kernel WireGuard ` +
              '(modprobe wireguard) or see castnet doctor; or keep the network’s tasks off this host by a constraint.',
          );
        }
      }
      await options.reconcile();
      if (!options.hasDevice(vxlanOf({ vni, options: settings }))) {
        const why = await options.whyNoDevice({ vni, options: settings });
        state.networks.delete(id);
        await options.reconcile();
        throw new Fault(why);
      }
      options.changed();
    },

    async deleteNetwork(id) {
      for (const it of state.endpointsOf(id)) state.endpoints.delete(it.id);
      state.networks.delete(id);
      await options.reconcile();
      options.changed();
    },

    async createEndpoint(request: EndpointRequest) {
      const { network: networkId, id, address, mac: asked } = request;
      const routeWish = parseAttachment(request.options ?? {});
      const exposed = isExposure(request.options ?? {});
      const local = network(networkId);
      const { vni, options: settings } = local;
      if (asked !== undefined && !isMac(asked)) throw new Fault(`"${asked}" is not a MAC address`);
      const mac = asked ?? macOfIpv4(bareAddress(address));
      const answer = {
        ...(asked === undefined ? { mac } : {}),
        ...(settings.ipv6 === undefined
          ? {}
          : { ipv6: derivedIpv6(settings.ipv6, bareAddress(address)) }),
      };
      const before = state.endpoints.get(id);
      if (before !== undefined) {
        if (before.network === networkId && before.address === address && before.mac === mac) {
          return answer;
        }
        throw new Fault(`endpoint ${id} exists already, with address ${before.address}`);
      }
      const tunnel = options.lastTunnel() ?? (await options.tunnel());
      const mtu = networkMtu({ id: networkId, vni, options: settings }, tunnel);
      const made: KeptEndpoint = {
        ...{ id, network: networkId, address, mac, mtu, since: options.now() },
        ...(routeWish === undefined ? {} : { routeWish }),
        ...(exposed ? { exposed } : {}),
      };
      if (exposed) {
        await options.expose(made, local);
        options.changed();
        return answer;
      }
      await whileBusy(id, async () => {
        await ports.createPort({ endpoint: id, vni, mac, mtu });
        // Anew, since a look that began before the port was there must not take it for lost.
        state.endpoints.set({ ...made, since: options.now() });
        options.made(made, vni);
      });
      options.changed();
      return answer;
    },

    async deleteEndpoint(_network, id) {
      const it = state.endpoints.get(id);
      const vni = it?.exposed && state.networks.get(it.network)?.vni;
      await whileBusy(id, async () => {
        state.endpoints.delete(id);
        await ports.deletePort(id);
        options.removed(portName(id));
        if (vni !== undefined) options.removed(hostLinkName(vni));
      });
      options.changed();
    },

    async join({ network: networkId, id, sandbox }): Promise<JoinAnswer> {
      if (endpoint(networkId, id).exposed) {
        state.endpoints.set({ ...endpoint(networkId, id), holder: sandbox });
        await options.prepare({ network: networkId });
        // Without an interface of its own, nor one on docker_gwbridge.
        return { DisableGatewayService: true, StaticRoutes: [] };
      }
      state.endpoints.set({ ...endpoint(networkId, id), sandbox });
      await options.prepare({ network: networkId, sandbox });
      // It may have gone while this waited.
      endpoint(networkId, id);
      const routes = await options.discovery.join(id);
      options.joined();
      return {
        InterfaceName: { SrcName: containerEndName(id), DstPrefix: 'eth' },
        StaticRoutes: routes.map(connected),
      };
    },

    async leave(networkId, id) {
      const { sandbox, holder, ...left } = endpoint(networkId, id);
      const { carriesMulticast, staticRoutes, staticLevel, ...rest } = left;
      state.endpoints.set({ ...rest, since: options.now() });
      options.discovery.settle(sandbox);
    },

    discovered: options.discovered,
  };
}

function refuseTaken(vni: number, owner: string | undefined): void {
  if (owner !== undefined) {
    throw new Fault(
      `VXLAN network id ${vni} is taken by network ${owner}. Choose another, or leave out vni.`,
    );
  }
}

/** What the tunnels of the network cannot carry, or IPv6 does not fit through. */
function refuseMtu(settings: NetworkOptions, tunnel: Tunnel): void {
  const carried = networkTunnel({ options: settings }, tunnel);
  refuseLargeMtu(settings.mtu, carried);
  refuseSmallMtu(settings, carried);
}

function refuseLargeMtu(mtu: number | undefined, tunnel: Tunnel): void {
  if (mtu !== undefined && mtu > tunnel.mtu) {
    throw new Fault(
      `option mtu=${mtu} is more than the tunnel from ${tunnel.address} carries: at most ${tunnel.mtu}`,
    );
  }
}

function refuseSmallMtu({ ipv6, mtu }: NetworkOptions, tunnel: Tunnel): void {
  if (ipv6 === undefined || (mtu ?? tunnel.mtu) >= IPV6_MTU_MIN) return;
  const why =
    mtu === undefined ? `the tunnel from ${tunnel.address} carries ${tunnel.mtu}` : `mtu=${mtu}`;
  throw new Fault(`option ipv6=${ipv6} needs an MTU of at least ${IPV6_MTU_MIN}; ${why}`);
}
