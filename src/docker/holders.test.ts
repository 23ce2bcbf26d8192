import { expect, it } from 'vitest';
import { type Asked, EngineError } from './engine.ts';
import { openHolders, refusal, reviveHolders } from './holders.ts';

/** An Engine in memory. */
function engine(fails: Record<string, string> = {}) {
  const calls: string[] = [];
  const bodies: Record<string, unknown>[] = [];
  let [image, holders]: [boolean, string[]] = [false, []];
  const send = async ({ method, path, body }: Asked): Promise<string> => {
    const call = `${method} ${path.replace(/\?.*/, '')}`;
    calls.push(call);
    const words = fails[call];
    if (words !== undefined) throw new EngineError(`${call}: 500 {"message":"${words}"}`, 500);
    if (path.startsWith('/images/create')) image = true;
    if (path.startsWith('/containers/create')) {
      bodies.push(JSON.parse(String(body)));
      holders = ['abc'];
      return '{"Id":"abc"}';
    }
    if (method === 'DELETE' && path.startsWith('/containers')) holders = [];
    if (method === 'DELETE' && path.startsWith('/images')) image = false;
    return '';
  };
  const get = async (path: string): Promise<unknown> => {
    if (path.startsWith('/containers')) {
      return holders.map((Id) => ({ Id, State: 'running', Labels: { 'castnet.expose': 'mynet' } }));
    }
    if (path.startsWith('/images') && image) return {};
    throw new EngineError(`GET ${path}: 404 {"message":"no such thing"}`, 404);
  };
  return {
    calls,
    bodies,
    state: () => ({ image, holders }),
    holders: openHolders({ get, send }, 'x64'),
  };
}

it('makes a container that can do nothing, with the address and the mark', async () => {
  const { holders, bodies, calls } = engine();
  await holders.make({ network: 'mynet', address: '10.0.9.250', aliases: ['box'] });
  expect(calls).toEqual([
    'POST /images/create',
    'POST /containers/create',
    'POST /containers/abc/start',
  ]);
  expect(bodies[0]).toMatchObject({
    User: '65534:65534',
    HostConfig: { NetworkMode: 'mynet', CapDrop: ['ALL'], ReadonlyRootfs: true },
    NetworkingConfig: {
      EndpointsConfig: {
        mynet: {
          IPAMConfig: { IPv4Address: '10.0.9.250' },
          Aliases: ['box'],
          DriverOpts: { expose: 'host' },
        },
      },
    },
  });
});

it('makes the image once, and removes it with the last container', async () => {
  const { holders, calls, state } = engine();
  await holders.make({ network: 'mynet', aliases: [] });
  await holders.make({ network: 'mynet', aliases: [] });
  expect(calls.filter((it) => it === 'POST /images/create')).toHaveLength(1);
  await holders.remove('abc');
  expect(state()).toEqual({ image: false, holders: [] });
});

it('leaves nothing when Docker does not start it', async () => {
  const { holders, state } = engine({ 'POST /containers/abc/start': 'no' });
  await expect(holders.make({ network: 'mynet', aliases: [] })).rejects.toThrow('no');
  expect(state()).toEqual({ image: false, holders: [] });
});

it('knows no network that its Engine does not know', async () => {
  expect(await engine().holders.network('mynet')).toBeUndefined();
});

it.each([
  ['rpc error: network n1 not manually attachable', 'network mynet is not attachable'],
  ['network mynet not found', 'there is no network "mynet" in this Swarm'],
  ['make sure your network options are correct', 'Docker does not give 10.0.9.9 of mynet'],
  ['disk full', 'Docker does not give this host an address on mynet: disk full'],
])('tells a person what Docker’s "%s" means', (words, told) => {
  const error = new EngineError(`POST /containers/abc/start: 500 {"message":"${words}"}`, 500);
  const wish = { network: 'mynet', address: '10.0.9.9', aliases: [] };
  expect(refusal(error, wish).message).toContain(told);
});

it('starts those again that Docker gave up, and none that a person stopped', async () => {
  const started: string[] = [];
  const errors: Record<string, string> = {
    a: 'Could not attach to network mynet: context deadline exceeded',
    b: '',
    c: 'network mynet not found',
    e: 'attaching to network failed, make sure your network options are correct',
  };
  const get = async (path: string) => ({ State: { Error: errors[path.split('/')[2] ?? ''] } });
  const send = async ({ path }: Asked) => {
    started.push(path);
    if (path.includes('/c/')) throw new Error('network mynet not found');
    return '';
  };
  const of = (id: string, state: string) => ({ id, state, network: `net-${id}` });
  const holders = [
    ...[of('a', 'exited'), of('b', 'exited'), of('c', 'created'), of('d', 'running')],
    of('e', 'exited'),
  ];
  expect(await reviveHolders({ get, send }, holders)).toEqual({
    networks: ['net-a', 'net-e'],
    refused: [new Error('network mynet not found')],
  });
  expect(started).toEqual(['a', 'c', 'e'].map((id) => `/containers/${id}/start`));
});
