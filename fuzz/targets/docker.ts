/** What Docker sends: its calls to the driver, its DNS, its settings of networks. */
import { EventEmitter } from 'node:events';
import dns from 'dns-packet';
import fc from 'fast-check';
import { createDriver } from '../../src/agent/driver.ts';
import type { State } from '../../src/agent/state.ts';
import type { NetworkOptions } from '../../src/core/local.ts';
import { parseOptions } from '../../src/core/options.ts';
import { guardTable } from '../../src/core/rules/guards.ts';
import { dockerHandlers } from '../../src/docker/handlers.ts';
import { hasTask } from '../../src/docker/names.ts';
import { Fault } from '../../src/net/fault.ts';
import { must, type Target } from '../fuzz.ts';
import { mutated } from '../inputs.ts';

const NETWORK = 'k7xq2m9v0c4bz8n1t5r3w6y2d';
const ENDPOINT = 'e'.repeat(64);
const call = (name: string, body: object): string => `${name} ${JSON.stringify(body)}`;
const of = { NetworkID: NETWORK, EndpointID: ENDPOINT };
const pool = { Pool: '10.0.1.0/24', Gateway: '10.0.1.1/24', AddressSpace: 'GlobalDefault' };
const generic = (options: object) => ({ 'com.docker.network.generic': options });

/** The handler's name, a space and the body, as Docker 20.10 sends it. */
const CALLS = [
  call('Plugin.Activate', {}),
  call('NetworkDriver.GetCapabilities', {}),
  call('NetworkDriver.AllocateNetwork', {
    NetworkID: NETWORK,
    Options: {},
    IPv4Data: [pool],
    IPv6Data: [],
  }),
  call('NetworkDriver.CreateNetwork', {
    NetworkID: NETWORK,
    Options: {
      'com.docker.network.enable_ipv6': false,
      ...generic({ vni: '8000001', ipv6: 'fd00::/64' }),
    },
    IPv4Data: [pool],
    IPv6Data: null,
  }),
  call('NetworkDriver.CreateEndpoint', {
    ...of,
    Options: {},
    Interface: { Address: '10.0.1.5/24', AddressIPv6: '', MacAddress: '' },
  }),
  call('NetworkDriver.EndpointOperInfo', of),
  call('NetworkDriver.Join', { ...of, SandboxKey: '/var/run/docker/netns/abc', Options: {} }),
  call('NetworkDriver.Leave', of),
  call('NetworkDriver.DeleteEndpoint', of),
  call('NetworkDriver.DeleteNetwork', { NetworkID: NETWORK }),
  call('NetworkDriver.FreeNetwork', { NetworkID: NETWORK }),
  call('NetworkDriver.DiscoverNew', {
    DiscoveryType: 1,
    DiscoveryData: { Address: '10.9.0.2', Self: false },
  }),
  call('NetworkDriver.GwAllocCheck', { Options: {} }),
];

/** As `State`, but in memory: a file for each entry would be most of the work. */
function memoryState(): State {
  const store = () => {
    const map = new Map<string, { id: string }>();
    return {
      get: (id: string) => map.get(id),
      set: (it: { id: string }) => map.set(it.id, it),
      delete: (id: string) => map.delete(id),
      values: () => map.values(),
      keys: () => map.keys(),
    };
  };
  const endpoints = store();
  const endpointsOf = (network: string) =>
    [...endpoints.values()].filter((it) => (it as { network?: string }).network === network);
  const made = {
    networks: store(),
    endpoints,
    allocations: store(),
    services: store(),
    endpointsOf,
  };
  return made as unknown as State;
}

function driverCalls(): Target<{ input: string; misspelt: boolean }> {
  let unexpected: unknown;
  let seldom = 0;
  const log = { debug() {}, error: (fields: object) => (unexpected = fields) };
  const fresh = () => {
    const state = memoryState();
    const tunnel = { address: '10.9.0.1', port: 4789, mtu: 1450 };
    const driver = createDriver({
      state,
      ports: { createPort: async () => {}, deletePort: async () => {} },
      tunnel: async () => tunnel,
      tunnelSoon: async () => tunnel,
      lastTunnel: () => tunnel,
      reconcile: async () => {},
      encrypt: async () => '',
      busy: new Set(),
      made() {},
      removed() {},
      expose: async () => {},
      hasIpv6: () => true,
      whyNoDevice: async () => 'no device',
      hasDevice: () => true,
      knownVnis: () => [],
      changed() {},
      joined() {},
      prepare: async () => {},
      discovery: { join: async () => ['224.0.0.0/4'], settle() {} },
      discovered() {},
      now: () => 0,
    });
    return { app: dockerHandlers(driver, log), state };
  };
  let { app, state } = fresh();
  return {
    name: 'calls of Docker',
    // Docker never misspells a path; now and then somebody else may.
    inputs: fc.record({ input: mutated(CALLS), misspelt: fc.nat(49).map((it) => it === 0) }),
    async take({ input, misspelt }) {
      if (++seldom % 200 === 0) ({ app, state } = fresh());
      const space = input.indexOf(' ');
      const name = input.slice(0, space);
      const path = misspelt ? name : name.replace(/[^\w.]/g, '');
      const body = space < 0 ? '' : input.slice(space + 1);
      unexpected = undefined;
      const url = new URL(`http://castnet/${encodeURI(path.toWellFormed())}`);
      const answer = await app.request(url, { method: 'POST', body });
      if (answer.status === 404) return '404';
      must(answer.status === 200, `status ${answer.status}`);
      const said = (await answer.json()) as { Err?: string };
      must(unexpected === undefined, `not a Fault: ${JSON.stringify(said)}`);
      must(typeof said === 'object' && said !== null, 'the answer is no object');
      mustBeRules([...state.networks.values()].map((it) => it.options));
      const words = said.Err?.replaceAll(/"[^"]*"|\d+/g, '#').slice(0, 60);
      return `${path} ${words ?? Object.keys(said).join()}`;
    },
  };
}

/** What nft is given must hold nothing that a setting's text could have brought in. */
function mustBeRules(options: readonly NetworkOptions[]): void {
  const table = guardTable(options.map((it) => ({ id: 'n', vni: 8_000_001, options: it })));
  for (const line of table.split('\n')) must(RULE.test(line), `nft gets the line ${line}`);
}

/** A line of the guards: words of nft, names, numbers, addresses; one `;` only where it belongs. */
const RULE =
  /^[ \w{},.:@=!/*"-]*( (type|hook|priority|size|flags|policy|timeout)[ \w,:-]*;)*[ \w{},.:@=!/*"-]*$/;

const SETTINGS = [
  '{"mtu":"1400","com.docker.network.driver.mtu":"1400","vni":"8000001"}',
  '{"ipv6":"fd00:1::/64","multicast":"off","multicast-route":"on"}',
  '{"multicast-groups":"239.1.0.0/16,ff05::/16","multicast-rate":"1000pps","max-groups":"10"}',
  '{"multicast-rate":"500kbit","com.docker.network.enable_ipv6":"false"}',
];

const settings: Target<string> = {
  name: 'settings of networks',
  inputs: mutated(SETTINGS),
  take(input) {
    let raw: unknown;
    try {
      raw = JSON.parse(input);
    } catch {
      return 'not JSON';
    }
    if (typeof raw !== 'object' || raw === null) return 'no object';
    const texts = Object.entries(raw).filter((it) => typeof it[1] === 'string');
    try {
      const parsed = parseOptions(Object.fromEntries(texts));
      mustBeRules([parsed]);
      return Object.keys(parsed).join();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      must(error.message.length < 2_000 + input.length, 'a long reproach');
      return error.message.replaceAll(/"[^"]*"|\d+/g, '#').slice(0, 60);
    }
  },
};

const answerTo = (name: string, type: 'A' | 'CNAME', data = '10.0.1.5'): string =>
  dns
    .encode({
      type: 'response',
      id: 0,
      questions: [{ type: 'A', name }],
      answers: [{ type, name, data }],
    })
    .toString('latin1');

/** A container may put a DNS of its own in the place of Docker's. */
const names: Target<string> = {
  name: 'answers of DNS',
  inputs: mutated([
    answerTo('web.1', 'A'),
    answerTo('web.1', 'CNAME', 'b.c'),
    answerTo('other', 'A'),
  ]),
  async take(input) {
    const socket = new EventEmitter() as EventEmitter & { send(query: Buffer): void };
    const docker = { 'web.1': answerTo('web.1', 'A', '10.0.1.9'), web: answerTo('web', 'A') };
    socket.send = (query) => {
      const name = dns.decode(query).questions?.[0]?.name as keyof typeof docker;
      for (const text of [input, docker[name]]) {
        const answer = Buffer.from(text, 'latin1');
        // With the question's own id, or nothing of it would be looked at.
        query.copy(answer, 0, 0, 2);
        socket.emit('message', answer, { address: '127.0.0.11', port: 53 });
      }
    };
    const task = { name: 'web.1', ip: '10.0.1.5' };
    const found = await hasTask(socket as never, task, { name: 'web', ip: '10.0.1.5' });
    must(typeof found === 'boolean', 'Docker’s own answer was not taken');
    return found ? 'in service' : 'not in service';
  },
};

export const dockerTargets: readonly Target[] = [driverCalls(), settings, names];
