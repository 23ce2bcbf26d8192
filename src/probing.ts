import type { Socket } from 'node:dgram';
import type { Agent } from './agent/agent.ts';
import type { State } from './agent/state.ts';
import type { SwarmLink } from './agent/swarm-link.ts';
import type { ProbeReport } from './contract/commands.ts';
import { DEFAULT_MAC } from './core/forwarding/facts.ts';
import { networkMtu } from './core/forwarding/forwarding.ts';
import type { LocalNetwork } from './core/local.ts';
import { vxlanOf } from './core/names.ts';
import type { Scope } from './core/visible.ts';
import { bridgeState } from './kernel/checkup.ts';
import { deletePort } from './kernel/kernel.ts';
import { openProbeEndpoint } from './kernel/probe-endpoint.ts';
import { hostAddresses } from './kernel/routes.ts';
import { Fault } from './net/fault.ts';
import { groupMac, isForAll } from './net/group.ts';
import { PROBE_PORT } from './net/probe.ts';
import type { Wire } from './probe/burst.ts';
import { probeNetwork } from './probe/coordinator.ts';
import { HostPart, type ProbeHost } from './probe/host-part.ts';
import { answerProbe } from './probe/questions.ts';
import { tryTcp } from './system/tcp.ts';

/** A host that is well takes a connection at once; the kernel tries again after a second. */
const TCP_MS = 1_200;

/** Wires the probe's room to the agent, the kernel and the sessions. */
export interface ProbingOptions {
  readonly agent: Agent;
  readonly state: State;
  readonly link: SwarmLink;
}

export interface Probing {
  /**
   * @param network its name or the beginning of its id; undefined: one made for the probe, between
   *   all hosts that this one has sessions with
   * @throws Fault when this host has not the network
   */
  probe(network: string | undefined): Promise<ProbeReport>;
  /**
   * Answers another host.
   * @returns undefined for a question that is not about probes
   */
  answer(what: string, args: unknown, scope: Scope): Promise<unknown> | undefined;
  close(): Promise<void>;
}

export function openProbing({ agent, state, link }: ProbingOptions): Probing {
  const part = new HostPart(probeHost(agent, state));
  const isVisible = (network: string, scope: Scope) =>
    scope === 'all' || scope.has(network) || state.networks.get(network) === undefined;
  const answer = (what: string, args: unknown, scope: Scope = 'all') =>
    answerProbe(part, { what, args, isVisible: (network) => isVisible(network, scope) });
  return {
    probe: (network) =>
      probeNetwork(
        {
          report: () => agent.report(),
          tryTcp: (address) => tryTcp(address, agent.report().peerPort, TCP_MS),
          askSelf: async (what, args) => answer(what, args),
          ask: async (address, what, args, timeoutMs) => {
            if (link.sessions === undefined) throw new Fault('this host has no sessions');
            return link.sessions.ask(address, what, args, { timeoutMs });
          },
        },
        network,
      ),
    answer,
    close: () => part.closeAll(),
  };
}

function probeHost(agent: Agent, state: State): ProbeHost {
  // Both bounded by the probes that a host takes part in.
  const sockets = new Map<string, Socket>();
  const trials = new Map<string, LocalNetwork>();
  return {
    async openTrial({ id, vni }) {
      const taken = [...state.networks.values(), ...trials.values()].find(
        (it) => it.id === id || it.vni === vni,
      );
      if (taken !== undefined) throw new Fault(`network id ${vni} is taken by network ${taken.id}`);
      const network = { id, vni, options: {} };
      trials.set(id, network);
      await agent.ephemeral.open(network);
    },
    async closeTrial(id) {
      if (trials.delete(id)) await agent.ephemeral.leave(id);
    },
    async view(id) {
      const network = trials.get(id) ?? state.networks.get(id);
      const { tunnel, peers } = agent.report();
      if (network === undefined) throw new Fault('this host has not the network');
      if (tunnel === undefined) throw new Fault('this host has no tunnel address');
      const [bridge, addresses] = await Promise.all([bridgeState(network.vni), hostAddresses()]);
      return {
        host: tunnel.address,
        vni: network.vni,
        mtu: networkMtu(network, tunnel),
        underlay: addresses.get(tunnel.local ?? tunnel.address) ?? { interface: 'unknown', mtu: 0 },
        ...bridge,
        peers: peers.map(({ address, state: session, listed, fault, lastError }) => ({
          ...{ address, state: session, listed },
          ...(fault === undefined ? {} : { fault }),
          ...(lastError === undefined ? {} : { lastError }),
        })),
      };
    },
    async open({ id, network, ip, mac, vni, mtu, group }) {
      const address = `${ip}/15`;
      const port = PROBE_PORT;
      const socket = await agent.ephemeral.add({ id, network, address, mac }, vni, () =>
        openProbeEndpoint({ endpoint: id, vni, mac, mtu, address, port, group }),
      );
      sockets.set(id, socket);
      return wireOf(socket);
    },
    async close(id) {
      sockets.get(id)?.close();
      sockets.delete(id);
      // The namespace goes with the socket, but only when the kernel gets round to it.
      await deletePort(id);
      agent.ephemeral.remove(id);
    },
    hasWay(vni, { host, mac, group }) {
      const found = [...state.networks.values()].find((it) => it.vni === vni);
      const dev = vxlanOf(found ?? { vni, options: {} });
      const keys = [`route ${dev} ${mac}`, `copy ${dev} ${DEFAULT_MAC} ${host}`];
      if (group !== undefined) {
        const carrier = groupMac(group);
        keys.push(`member ${dev} ${group} *`);
        if (!isForAll(carrier)) keys.push(`copy ${dev} ${carrier} ${host}`);
      }
      return agent.ephemeral.hasEntries(keys);
    },
  };
}

function wireOf(socket: Socket): Wire {
  // A datagram that cannot leave is one that does not arrive.
  socket.on('error', () => {});
  return {
    send: (bytes, address) => {
      try {
        socket.send(bytes, PROBE_PORT, address, () => {});
      } catch {
        // It was closed meanwhile.
      }
    },
    onMessage: (take) => socket.on('message', (bytes, { address }) => take(bytes, address)),
  };
}
