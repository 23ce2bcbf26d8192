import { expect, it } from 'vitest';
import { containersCheck } from './containers.ts';

const GIVEN_UP =
  'attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded';

const container = (name: string, error: string, restart = 'always') => ({
  Name: `/${name}`,
  State: { Error: error },
  HostConfig: { RestartPolicy: { Name: restart } },
  NetworkSettings: { Networks: { shop_net: {} } },
});

/** A docker command for a host with these stopped containers. */
const docker =
  (stopped: readonly unknown[]) =>
  async ([command]: readonly string[]): Promise<string> =>
    command === 'ps' ? stopped.map((_, index) => `id${index}`).join('\n') : JSON.stringify(stopped);

it.each([
  GIVEN_UP,
  'Could not attach to network giica7x0gqxv2u5j5y47i284m: context deadline exceeded',
  'network giica7x0gqxv2u5j5y47i284m not found',
])('names a container that Docker was to start again and could not attach: %s', async (error) => {
  const { findings } = await containersCheck(docker([container('cart', error)]));
  expect(findings).toEqual([
    {
      code: 'not-started',
      severity: 'warning',
      what: `Docker did not start the container cart on network shop_net, and tries no more: ${error}`,
      remedy: 'docker start cart',
    },
  ]);
});

it('says nothing of containers that ended, that failed otherwise, or that nobody wants again', async () => {
  const stopped = [
    container('ended', ''),
    container('port', 'driver failed programming external connectivity'),
    container('local', `network ${'0a5c'.repeat(16)} not found`),
    container('once', GIVEN_UP, 'no'),
  ];
  expect((await containersCheck(docker(stopped))).findings).toEqual([]);
  expect((await containersCheck(docker([]))).findings).toEqual([]);
});

it('asks once more when a container was removed meanwhile', async () => {
  let asked = 0;
  const { findings } = await containersCheck(async ([command]) => {
    if (command === 'ps') return asked++ === 0 ? 'gone' : '';
    throw new Error('No such container: gone');
  });
  expect([asked, findings]).toEqual([2, []]);
});
