/** Calls to the plugin that cannot be met: a clear `Err`, and nothing half-made stays. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/contract/finding.ts';
import { containerEndName, portName } from '../../src/core/names.ts';
import { hostReport, http, killAgent, pluginSocket } from '../kit/agent.ts';
import { footprint, inCastnet } from '../kit/kernel.ts';
import { createNetwork, removeNetwork, vniOf } from '../kit/stack.ts';
import { mustRun, until } from '../run.ts';
import { castnetOn } from './support/command.ts';
import { useLab } from './support/lab.ts';

const lab = useLab('input', { hosts: 1 });
const NETWORK = 'badnet00000000000000000001';
const ENDPOINT = 'abcdef01'.repeat(8);
const VNI = '9000001';
let socketPath = '';
/** The VNI of a network that Docker made. */
let taken = 0;

beforeAll(async () => {
  socketPath = await pluginSocket(lab().host('h1'));
  await createNetwork(lab(), 'taken');
  taken = await vniOf(lab(), 'taken');
});
afterAll(() => removeNetwork(lab(), 'taken'));

const state = (): Promise<string[]> => footprint(lab().host('h1'));

async function post(call: string, body: string): Promise<Record<string, unknown>> {
  const path = call === 'Plugin.Activate' ? `/${call}` : `/NetworkDriver.${call}`;
  const { status, text } = await http({ socketPath, method: 'POST', path, body });
  expect(status).toBe(200);
  return JSON.parse(text) as Record<string, unknown>;
}

const send = (call: string, body: object) => post(call, JSON.stringify(body));

const POOL = [{ Pool: '10.200.0.0/24', Gateway: '10.200.0.1/24' }];
const allocate = (Options: object, IPv6Data: object[] = []) => ({
  NetworkID: NETWORK,
  Options,
  IPv4Data: POOL,
  IPv6Data,
});
const create = (options: object, IPv6Data: object[] = []) => ({
  NetworkID: NETWORK,
  Options: { 'com.docker.network.generic': options },
  IPv4Data: POOL,
  IPv6Data,
});
const endpoint = (Interface: object | null, NetworkID = NETWORK) => ({
  NetworkID,
  EndpointID: ENDPOINT,
  Interface,
});
const ADDRESS = { Address: '10.200.0.5/24', AddressIPv6: '', MacAddress: '' };
const SANDBOX = '/var/run/docker/netns/abc';

describe('is refused with a clear Err, and changes nothing', () => {
  const calls: [string, string, () => object, RegExp][] = [
    [
      'CreateEndpoint',
      'an unknown network',
      () => endpoint(ADDRESS),
      /network badnet\w+ is not known/,
    ],
    ['Join', 'an unknown network', () => ({ ...endpoint(null), SandboxKey: SANDBOX }), /not known/],
    ['Leave', 'an unknown network', () => endpoint(null), /not known/],
    ['CreateNetwork', 'no VNI', () => create({}), /castnet networks are made in a Swarm/],
    [
      'CreateNetwork',
      'an IPv6 pool',
      () => create({ vni: VNI }, [{ Pool: 'fd00::/64' }]),
      /IPv6.*fd00::\/64.*IPv4/,
    ],
    [
      'AllocateNetwork',
      'an IPv6 pool',
      () => allocate({}, [{ Pool: 'fd00::/64' }]),
      /IPv6.*fd00::\/64.*IPv4/,
    ],
    [
      'AllocateNetwork',
      'an unknown option',
      () => allocate({ speed: '9' }),
      /"speed".*Accepted:.*mtu.*vni/,
    ],
    [
      'CreateNetwork',
      'an unknown option',
      () => create({ vni: VNI, speed: '9' }),
      /"speed".*Accepted/,
    ],
    ['AllocateNetwork', 'mtu=abc', () => allocate({ mtu: 'abc' }), /mtu="abc".*576 to 65535/],
    ['AllocateNetwork', 'mtu=100', () => allocate({ mtu: '100' }), /mtu="100".*576 to 65535/],
    [
      'CreateNetwork',
      'an mtu beyond the underlay',
      () => create({ vni: VNI, mtu: '9000' }),
      /mtu=9000.*at most 1450/,
    ],
    [
      'CreateNetwork',
      'an mtu that WireGuard has no room for',
      () => create({ vni: VNI, mtu: '1450', encrypted: '' }),
      /mtu=1450.*at most 1390/,
    ],
    [
      'AllocateNetwork',
      'encrypted=maybe',
      () => allocate({ encrypted: 'maybe' }),
      /encrypted="maybe" is not true or false/,
    ],
    [
      'AllocateNetwork',
      'IPv6 with an mtu too small for it',
      () => allocate({ ipv6: 'fd00:5::/64', mtu: '1200' }),
      /ipv6=fd00:5::\/64 needs an MTU of at least 1280; mtu=1200/,
    ],
    ['AllocateNetwork', 'vni=5', () => allocate({ vni: '5' }), /vni="5".*8000000 to 16777215/],
    [
      'AllocateNetwork',
      'a VNI already taken',
      () => allocate({ vni: String(taken) }),
      /is taken by network/,
    ],
    ['CreateNetwork', 'no network id', () => ({ Options: {} }), /NetworkID/],
    [
      'CreateNetwork',
      'an id with a slash',
      () => ({ ...create({ vni: VNI }), NetworkID: '../../etc' }),
      /NetworkID.*not an id/,
    ],
    ['CreateNetwork', 'a list', () => [], /.+/],
    ['CreateEndpoint', 'a number', () => 7 as unknown as object, /.+/],
  ];

  it.each(calls)('%s with %s', async (call, _what, body, expected) => {
    const before = await state();
    const answer = await send(call, body());
    expect(answer.Err).toMatch(expected);
    expect(answer.Err).not.toMatch(/\n\s+at /);
    expect(await state()).toEqual(before);
  });

  it.each(['AllocateNetwork', 'CreateNetwork', 'CreateEndpoint', 'Join', 'Leave', 'DeleteNetwork'])(
    '%s with malformed JSON, and with an empty body',
    async (call) => {
      const before = await state();
      expect((await post(call, '{"NetworkID":')).Err).toMatch(/not JSON/);
      expect((await post(call, '')).Err).toMatch(/empty body/);
      expect(await state()).toEqual(before);
    },
  );
});

it('a network that Docker makes all the same is named by castnet doctor', async () => {
  const h1 = lab().host('h1');
  const create = ['network', 'create', '-d', 'castnet:latest', '--opt', 'encrypted=maybe', 'maybe'];
  await h1.docker(create);
  const { stdout } = await castnetOn(h1, ['doctor', '--json']);
  await h1.docker(['network', 'rm', 'maybe']);
  const { checks } = JSON.parse(stdout) as { checks: { findings: Finding[] }[] };
  const found = checks.flatMap((it) => it.findings).filter((it) => it.code === 'network-refused');
  expect(found.map((it) => it.what)).toEqual([expect.stringContaining('network maybe is there')]);
});

describe('on a network that exists', () => {
  let before: string[] = [];
  beforeAll(async () => {
    before = await state();
    expect(await send('AllocateNetwork', allocate({ vni: VNI }))).toEqual({
      Options: { vni: VNI },
    });
    expect(await send('CreateNetwork', create({ vni: VNI }))).toEqual({});
  });
  afterAll(async () => {
    expect(await send('DeleteNetwork', { NetworkID: NETWORK })).toEqual({});
    expect(await send('FreeNetwork', { NetworkID: NETWORK })).toEqual({});
    expect(await state(), 'as before').toEqual(before);
  });

  it('a second identical AllocateNetwork and CreateNetwork answer the same and make nothing', async () => {
    const made = await state();
    expect(made.length).toBeGreaterThan(before.length);
    expect(await send('AllocateNetwork', allocate({ vni: VNI }))).toEqual({
      Options: { vni: VNI },
    });
    expect(await send('CreateNetwork', create({ vni: VNI }))).toEqual({});
    expect(await state()).toEqual(made);
  });

  it('another network with its VNI is refused with the name of the owner', async () => {
    const made = await state();
    const again = { ...create({ vni: VNI }), NetworkID: 'badnet00000000000000000002' };
    expect((await send('CreateNetwork', again)).Err).toMatch(
      /9000001 is taken by network badnet\w+1/,
    );
    expect(await state()).toEqual(made);
  });

  it('a second identical CreateEndpoint and Join answer the same and make nothing', async () => {
    const empty = await state();
    const join = { ...endpoint(null), SandboxKey: SANDBOX };
    const answer = { Interface: { MacAddress: '02:42:0a:c8:00:05' } };
    expect(await send('CreateEndpoint', endpoint(ADDRESS))).toEqual(answer);
    const made = await state();
    expect(made.length).toBeGreaterThan(empty.length);
    expect(await send('CreateEndpoint', endpoint(ADDRESS))).toEqual(answer);
    const first = await send('Join', join);
    expect(first.Err).toBeUndefined();
    expect(await send('Join', join)).toEqual(first);
    expect(await state()).toEqual(made);
    for (let turn = 0; turn < 2; turn++) {
      expect(await send('DeleteEndpoint', endpoint(null))).toEqual({});
      expect(await state()).toEqual(empty);
    }
  });

  it('an endpoint whose port the kernel took away is gone at once, before Docker says so', async () => {
    const empty = await state();
    await send('CreateEndpoint', endpoint(ADDRESS));
    // As with the last process of a container's namespace.
    await inCastnet(lab().host('h1'), ['ip', 'link', 'del', 'dev', portName(ENDPOINT)]);
    // The agent itself looks at the kernel every 20 s.
    await until(async () => isDeepStrictEqual(await state(), empty) || undefined, {
      what: 'nothing left of the endpoint',
      timeoutMs: 3_000,
    });
    expect(await send('DeleteEndpoint', endpoint(null))).toEqual({});
  });

  it('an endpoint whose namespace Docker took away is gone, though somebody keeps it and its port', async () => {
    const empty = await state();
    const host = lab().host('h1');
    await send('CreateEndpoint', endpoint(ADDRESS));
    // A process keeps it, as a connection does that outlives its container.
    const script = `mkdir -p /run/docker/netns && : >${SANDBOX} &&
      exec unshare --net sh -c 'mount --bind /proc/self/ns/net ${SANDBOX} && echo there && exec cat'`;
    const keeper = host.spawn(['sh', '-c', script]);
    try {
      await once(keeper.stdout as Readable, 'data');
      const request = { ...endpoint(null), SandboxKey: SANDBOX };
      expect(await send('Join', request)).toMatchObject({ InterfaceName: { DstPrefix: 'eth' } });
      const move = ['ip', 'link', 'set', 'dev', containerEndName(ENDPOINT), 'netns', SANDBOX];
      await mustRun(host.enter(move));
      // As an Engine that starts does, before it takes away what died with the one before.
      await killAgent(host);
      await until(() => hostReport(host), { what: 'the new agent', timeoutMs: 10_000 });
      expect(await state()).toContain(portName(ENDPOINT));
      await mustRun(host.enter(['umount', SANDBOX]));
      await until(async () => isDeepStrictEqual(await state(), empty) || undefined, {
        what: 'nothing left of the endpoint',
        timeoutMs: 5_000,
      });
      expect(keeper.exitCode).toBeNull();
      expect(await send('DeleteEndpoint', endpoint(null))).toEqual({});
    } finally {
      keeper.stdin?.end();
      await mustRun(host.enter(['rm', '-f', SANDBOX]));
    }
  });

  it('an address given away leads to who has it now, before Docker says that the other has gone', async () => {
    const empty = await state();
    const heir = 'fedcba98'.repeat(8);
    const ofHeir = { ...endpoint(ADDRESS), EndpointID: heir };
    for (const it of [endpoint(ADDRESS), ofHeir]) await send('CreateEndpoint', it);
    const stations = ['bridge', 'fdb', 'show', 'br', `cb${VNI}`];
    const behind = async () =>
      (await inCastnet(lab().host('h1'), stations)).includes(
        `02:42:0a:c8:00:05 dev ${portName(heir)}`,
      ) || undefined;
    await until(behind, { what: 'the address behind the new port', timeoutMs: 3_000 });
    for (const it of [endpoint(null), ofHeir]) expect(await send('DeleteEndpoint', it)).toEqual({});
    expect(await state()).toEqual(empty);
  });

  it.each([
    ['without an address', null, /no IPv4 address/],
    ['with an IPv6 address', { ...ADDRESS, AddressIPv6: 'fd00::5/64' }, /IPv6 address fd00::5\/64/],
    ['with a MAC that is none', { ...ADDRESS, MacAddress: 'zz:1' }, /"zz:1" is not a MAC/],
    ['with an address that is none', { ...ADDRESS, Address: '10.200.0/24' }, /10\.200\.0\/24/],
  ])('CreateEndpoint %s is refused and leaves no link', async (_what, given, expected) => {
    const made = await state();
    expect((await send('CreateEndpoint', endpoint(given))).Err).toMatch(expected);
    expect(await state()).toEqual(made);
  });

  it('Join of an unknown endpoint is refused', async () => {
    const join = { ...endpoint(null), EndpointID: 'beef'.repeat(16), SandboxKey: SANDBOX };
    expect((await send('Join', join)).Err).toMatch(/endpoint beef\w+ is not known/);
  });
});

it('an unknown call is answered with 404, and the agent goes on', async () => {
  const unknown = await http({ socketPath, method: 'POST', path: '/NetworkDriver.Explode' });
  expect(unknown.status).toBe(404);
  expect(await post('Plugin.Activate', '')).toEqual({ Implements: ['NetworkDriver'] });
});

it('a VNI that another device has is refused by its number and the device’s name, and nothing stays', async () => {
  const host = lab().host('h1');
  const foreign = ['type', 'vxlan', 'id', '9000009', 'dstport', '4789'];
  await host.exec(['ip', 'link', 'add', 'foreign', ...foreign]);
  const before = await state();
  const answer = await send('CreateNetwork', create({ vni: '9000009' }));
  await host.exec(['ip', 'link', 'del', 'foreign']);
  expect(answer.Err).toMatch(
    /kernel refused a VXLAN device for network id 9000009: the id is taken by VXLAN device foreign/,
  );
  expect(await state()).toEqual(before);
});

describe('a VXLAN device of another kind that holds the port', () => {
  // Docker's own overlay has a device at 4789 in each Swarm.
  const PORT = '5789';
  beforeAll(async () => {
    const host = lab().host('h1');
    await host.docker(['plugin', 'disable', '-f', 'castnet:latest']);
    await host.docker(['plugin', 'set', 'castnet:latest', `CASTNET_VXLAN_PORT=${PORT}`]);
    await host.docker(['plugin', 'enable', 'castnet:latest']);
  });

  it.each([
    ['external', ['external', 'dstport', PORT]],
    ['gbp', ['id', '5', 'gbp', 'dstport', PORT]],
  ])('%s is named with the port, and nothing stays', async (kind, words) => {
    const host = lab().host('h1');
    const before = await state();
    await host.exec(['ip', 'link', 'add', 'alien', 'type', 'vxlan', ...words]);
    expect(await host.exec(['ip', 'link', 'set', 'alien', 'up'])).toMatchObject({ status: 0 });
    const answer = await send('CreateNetwork', create({ vni: '9000010' }));
    await host.exec(['ip', 'link', 'del', 'alien']);
    expect(answer.Err).toMatch(`UDP port ${PORT} is held by VXLAN device alien (${kind})`);
    expect(answer.Err).toMatch('CASTNET_VXLAN_PORT');
    await until(async () => isDeepStrictEqual(await state(), before) || undefined, {
      what: 'nothing of the network left',
      timeoutMs: 5_000,
    });
  });
});
