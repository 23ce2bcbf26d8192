import { describe, expect, test } from 'vitest';
import { type FakeEngine, fakeEngine, fakePlugin } from '../testing/plugin-engine.ts';
import { installPlugin, upgradePlugin } from './install.ts';
import { uninstallPlugin } from './uninstall.ts';

const NAME = 'castnet:latest';

function withSource({ docker }: FakeEngine) {
  const open = async () => ({
    version: '0.1.0',
    build: 'new',
    directory: '/built',
    dispose: async () => {},
  });
  return { docker, open };
}

const pluginCalls = (engine: FakeEngine) =>
  engine.calls.filter((call) => /^plugin (?!inspect)/.test(call));

describe('install', () => {
  test('creates, sets and enables', async () => {
    const engine = fakeEngine({ dataRoot: '/data' });
    const outcome = await installPlugin({
      ...withSource(engine),
      settings: { LOG_LEVEL: 'debug' },
    });
    expect(outcome.done).toBe('installed');
    expect(pluginCalls(engine)).toEqual([
      `plugin create ${NAME} /built`,
      `plugin set ${NAME} swarm.source=/data/swarm LOG_LEVEL=debug`,
      `plugin enable ${NAME}`,
    ]);
  });

  test.each(['amd64', 'arm64'])('takes what is built for an Engine of %s', async (architecture) => {
    const engine = fakeEngine({ architecture });
    const { docker, open } = withSource(engine);
    const opened: string[] = [];
    const ofIt = (it: string) => {
      opened.push(it);
      return open();
    };
    await installPlugin({ docker, open: ofIt });
    engine.plugins.set(NAME, fakePlugin('old'));
    await upgradePlugin({ docker, open: ofIt });
    expect(opened).toEqual([architecture, architecture]);
  });

  test('refuses an Engine that it is not made for, and makes nothing', async () => {
    const engine = fakeEngine({ architecture: 'riscv64' });
    await expect(installPlugin(withSource(engine))).rejects.toMatchObject({
      message: expect.stringContaining('"riscv64"'),
      hint: expect.stringContaining('amd64 and arm64'),
    });
    expect(pluginCalls(engine)).toEqual([]);
  });

  test('changes nothing the second time', async () => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('new') } });
    expect((await installPlugin(withSource(engine))).done).toBe('nothing');
    expect(pluginCalls(engine)).toEqual([]);
  });

  test('enables what is disabled, and out of an uninstall that was cut short', async () => {
    const plugin = fakePlugin('new', false);
    plugin.env.set('CASTNET_CLEAN', 'yes');
    const engine = fakeEngine({ plugins: { [NAME]: plugin } });
    expect((await installPlugin(withSource(engine))).done).toBe('enabled');
    expect(pluginCalls(engine)).toEqual([
      `plugin set ${NAME} CASTNET_CLEAN=no`,
      `plugin enable ${NAME}`,
    ]);
  });

  test.each([
    'error creating containerd container: id already in use',
    'plugin already enabled: plugin castnet:latest is already enabled',
  ])('goes on where a killed command is still starting it: %s', async (words) => {
    const engine = fakeEngine({
      plugins: { [NAME]: fakePlugin('new', false) },
      failsOnce: { 'plugin enable': words },
    });
    expect((await installPlugin(withSource(engine))).done).toBe('enabled');
  });

  test('names the other build and says how to replace it', async () => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('old') } });
    await expect(installPlugin(withSource(engine))).rejects.toMatchObject({
      message: expect.stringContaining('another build (old, this is new)'),
      hint: expect.stringContaining('castnet plugin upgrade'),
    });
  });

  test.each(['plugin set', 'plugin enable'])(
    'takes back what it made when %s fails',
    async (step) => {
      const engine = fakeEngine({ fails: { [step]: 'no' } });
      const settings = { LOG_LEVEL: 'debug' };
      await expect(installPlugin({ ...withSource(engine), settings })).rejects.toThrow('no');
      expect(engine.plugins.size).toBe(0);
    },
  );

  test('tries once more when Docker did not wait long enough for the agent', async () => {
    const words =
      'dial unix /run/docker/plugins/x/castnet.sock: connect: no such file or directory';
    const engine = fakeEngine({ failsOnce: { 'plugin enable': words } });
    await installPlugin(withSource(engine));
    expect(engine.plugins.get(NAME)?.enabled).toBe(true);
    const dead = fakeEngine({ fails: { 'plugin enable': words } });
    await expect(installPlugin(withSource(dead))).rejects.toThrow('did not answer within 10 s');
    expect(dead.calls.filter((it) => it.startsWith('plugin enable'))).toHaveLength(2);
  });

  test('says which mount must be shared', async () => {
    const words = 'path /run is mounted on /run but it is not a shared mount';
    const engine = fakeEngine({ fails: { 'plugin enable': words } });
    await expect(installPlugin(withSource(engine))).rejects.toMatchObject({
      hint: expect.stringContaining('mount --make-rshared /run'),
    });
  });

  test('refuses an unknown setting before it calls Docker', async () => {
    const engine = fakeEngine();
    const settings = { CASTNET_CLEAN: 'yes' };
    await expect(installPlugin({ ...withSource(engine), settings })).rejects.toThrow(
      'castnet has no setting CASTNET_CLEAN',
    );
    expect(engine.calls).toEqual([]);
  });
});

describe('upgrade', () => {
  test('changes settings in place where the build is the same', async () => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('new') } });
    await upgradePlugin({ ...withSource(engine), settings: { LOG_LEVEL: 'debug' } });
    expect(pluginCalls(engine)).toEqual([
      `plugin disable --force ${NAME}`,
      `plugin set ${NAME} LOG_LEVEL=debug`,
      `plugin enable ${NAME}`,
    ]);
  });

  test('rehearses, then replaces and keeps the settings', async () => {
    const old = fakePlugin('old');
    old.env.set('LOG_LEVEL', 'debug');
    const engine = fakeEngine({ plugins: { [NAME]: old } });
    expect((await upgradePlugin(withSource(engine))).done).toBe('upgraded');
    const calls = pluginCalls(engine);
    expect(calls.indexOf('plugin create castnet-rehearsal:latest /built')).toBeLessThan(
      calls.indexOf(`plugin disable --force ${NAME}`),
    );
    expect(engine.plugins.get(NAME)?.env.get('LOG_LEVEL')).toBe('debug');
    expect([...engine.plugins.keys()]).toEqual([NAME]);
  });

  test('leaves the old one running when Docker does not take the new one', async () => {
    const engine = fakeEngine({
      plugins: { [NAME]: fakePlugin('old') },
      fails: { 'plugin create': 'no space left on device' },
    });
    await expect(upgradePlugin(withSource(engine))).rejects.toThrow('no space left');
    expect(engine.plugins.get(NAME)?.enabled).toBe(true);
  });

  test.each([
    [`plugin create ${NAME}`, 'was not made', `castnet plugin install`],
    [`plugin enable ${NAME}`, 'there but disabled', `docker plugin rm --force ${NAME}`],
  ])('says the state and the way back when %s fails', async (step, state, way) => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('old') }, fails: { [step]: 'no' } });
    await expect(upgradePlugin(withSource(engine))).rejects.toMatchObject({
      message: expect.stringContaining(state),
      hint: expect.stringContaining(way),
    });
  });
});

describe('uninstall', () => {
  test('refuses while networks use it, naming them', async () => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('new') }, networks: ['b', 'a'] });
    await expect(uninstallPlugin(engine)).rejects.toThrow(`2 networks use ${NAME}: a, b`);
    expect(engine.plugins.get(NAME)?.enabled).toBe(true);
  });

  test('has the plugin clean the host, then removes it', async () => {
    const engine = fakeEngine({ plugins: { [NAME]: fakePlugin('new') } });
    expect(await uninstallPlugin(engine)).toEqual({ done: 'uninstalled', name: NAME });
    expect(pluginCalls(engine)).toEqual([
      `plugin disable --force ${NAME}`,
      `plugin set ${NAME} CASTNET_CLEAN=yes`,
      `plugin enable ${NAME}`,
      `plugin disable --force ${NAME}`,
      `plugin rm --force ${NAME}`,
    ]);
  });

  test('takes the host’s own addresses back while the plugin runs', async () => {
    const plugins = { [NAME]: fakePlugin('new') };
    const engine = fakeEngine({ plugins, networks: ['a'], holders: ['h1', 'h2'] });
    await expect(uninstallPlugin(engine)).rejects.toThrow('1 network uses');
    expect(engine.calls.join()).not.toContain('rm --force h1');
    await uninstallPlugin({ ...engine, force: true });
    const at = (call: string) => engine.calls.indexOf(call);
    expect(at('rm --force h1 h2')).toBeGreaterThan(0);
    expect(at('rm --force h1 h2')).toBeLessThan(at(`plugin disable --force ${NAME}`));
    expect(engine.calls.at(-1)).toBe('image rm castnet-expose:1');
  });

  test('tells what may be left when the cleaning fails', async () => {
    const engine = fakeEngine({
      plugins: { [NAME]: fakePlugin('new') },
      fails: { 'plugin enable': 'no' },
    });
    expect((await uninstallPlugin(engine)).left).toContain('rm -rf /run/castnet');
    expect(engine.plugins.size).toBe(0);
  });

  test('has nothing to do when it is not installed', async () => {
    expect(await uninstallPlugin(fakeEngine())).toEqual({ done: 'nothing', name: NAME });
  });
});
