import { expect, it } from 'vitest';
import { watchNetAdmins } from './capabilities.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine.ts';

it('finds the containers that may change their firewall, and asks about the others once', async () => {
  const asked: string[] = [];
  const hosts: Record<string, object> = {
    plain: { Privileged: false, CapAdd: null },
    able: { Privileged: false, CapAdd: ['NET_ADMIN'] },
    all: { Privileged: true },
  };
  const engine: Engine = {
    get: async (path) => {
      asked.push(path);
      if (path === '/containers/json') return Object.keys(hosts).map((Id) => ({ Id }));
      const id = path.split('/')[2] as string;
      return { HostConfig: hosts[id], NetworkSettings: { SandboxKey: `/run/${id}` } };
    },
    events: () => ({ close: () => {} }),
  };
  const netAdmins = watchNetAdmins(engine);
  for (let turn = 0; turn < 2; turn++) {
    expect(await netAdmins()).toEqual(new Set(['/run/able', '/run/all']));
  }
  expect(asked.filter((it) => it === '/containers/plain/json')).toHaveLength(1);
  delete hosts.able;
  expect(await netAdmins()).toEqual(new Set(['/run/all']));
});

it('a container that goes meanwhile hides none of the others', async () => {
  const find = watchNetAdmins({
    get: async (path) => {
      if (path === '/containers/json') return [{ Id: 'gone' }, { Id: 'able' }];
      if (path.includes('gone')) throw new EngineError('404', 404);
      return { HostConfig: { Privileged: true }, NetworkSettings: { SandboxKey: '/run/able' } };
    },
    events: () => ({ close() {} }),
  });
  expect(await find()).toEqual(new Set(['/run/able']));
});
