import { expect, test } from 'vitest';
import { SETTINGS } from '../src/cli/plugin/settings.ts';
import { pluginConfig, SHARED_RUN } from './config.ts';

const config = pluginConfig({ version: '1.2.3', build: 'abc' });

test('the mount that covers Docker’s plugin sockets is not shared with the host', () => {
  const run = config.mounts.find(({ destination }) => destination === '/run');
  expect(run?.options).toContain('rslave');
  const shared = config.mounts.filter(({ options }) => options.includes('rshared'));
  expect(shared.map(({ destination }) => destination)).toEqual([SHARED_RUN]);
});

test('every setting of the plugin is one that --set knows, but for the clean-up’s', () => {
  const names = [
    ...config.env.filter(({ settable }) => settable.length > 0).map(({ name }) => name),
    ...config.mounts
      .filter(({ settable }) => settable.length > 0)
      .map(({ name }) => `${name}.source`),
  ];
  expect(names.filter((name) => name !== 'CASTNET_CLEAN').sort()).toEqual(
    Object.keys(SETTINGS).sort(),
  );
});

test('every default is a value that --set would take', () => {
  for (const { name, value } of config.env) {
    const setting = SETTINGS[name];
    if (setting) expect([name, setting.valid(value)]).toEqual([name, true]);
  }
});

test('asks for two capabilities and no device', () => {
  expect(config.linux).toEqual({
    capabilities: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
    allowAllDevices: false,
    devices: [],
  });
});
