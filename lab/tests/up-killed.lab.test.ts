/** `castnet up` killed after each of its steps; the next run goes on, the last one is done. */
import { expect, it } from 'vitest';
import { useBareHosts } from './support/up.ts';

const lab = useBareHosts('upkilled', { hosts: 3 });
const ARGS = ['up', 'h1', 'h2', 'h3', '--network', 'shop', '--set', 'LOG_LEVEL=debug'];

/** In the order in which a run says them. */
const STEPS = [
  ['the look', /✔ look at h2/],
  ['bringing files has begun', /bringing the plugin/],
  ['one host has the files', /✔ reach h\d/],
  ['kernels and ports are tried', /✔ try the kernels/],
  ['making the plugin has begun', /Creating castnet/],
  ['the plugin is made, and has no settings yet', /Setting LOG_LEVEL|Changing the settings/],
  ['one host has the plugin', /✔ h\d: (install|start)/],
  ['the Swarm is there', /✔ h1: start a Swarm/],
  ['one host has joined', /✔ h\d: join/],
  ['the network is there', /✔ make the network/],
] as const;

it.each(STEPS)(
  'killed when %s, it goes on',
  async (_, match) => {
    const running = lab.start(ARGS);
    await running.line(match);
    expect(running.child.exitCode, running.said()).toBeNull();
    running.child.kill('SIGKILL');
    await running.ended;
  },
  240_000,
);

it('the run that is not killed converges', async () => {
  const { stdout, status } = await lab.castnet(ARGS);
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('Every kind of packet reaches every host.');
  for (const host of lab.hosts()) {
    const look = 'ls -d /var/lib/castnet-up 2>/dev/null; :';
    expect((await host.exec(['sh', '-c', look])).stdout, host.name).toBe('');
    const env = await host.docker([
      'plugin',
      'inspect',
      '-f',
      '{{.Settings.Env}}',
      'castnet:latest',
    ]);
    expect(env).toContain('LOG_LEVEL=debug');
  }
  const nodes = await lab.host('h1').api<{ Status: { State: string } }[]>('GET', '/nodes');
  expect(nodes.map((it) => it.Status.State)).toEqual(['ready', 'ready', 'ready']);
}, 240_000);

it('and the one after it changes nothing', async () => {
  const { stdout, status } = await lab.castnet([...ARGS, '--json']);
  expect(status, stdout).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, changed: false, steps: [] });
}, 120_000);
