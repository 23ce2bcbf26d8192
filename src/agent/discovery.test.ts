import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Discovery } from './discovery.ts';
import { State } from './state.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

it('names a container without routes when all tries are over, and tries again when asked', async () => {
  const state = new State(directory);
  state.networks.set({ id: 'n1', vni: 8_000_001, options: {} });
  state.endpoints.set({
    ...{ id: 'e1', network: 'n1', address: '10.0.1.5/24', mac: '02:42:0a:00:01:05' },
    ...{ sandbox: '/run/s', since: 0, staticRoutes: false },
  });
  let refuse = true;
  const discovery = new Discovery({
    state,
    identity: () => 'a',
    read: async () => {
      if (refuse) throw new Error('Operation not permitted');
      const link = { dev: 'eth0', mac: '02:42:0a:00:01:05', up: true };
      return { links: [link], routes: [] };
    },
    change: async () => {},
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  discovery.resume();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(discovery.lacking()).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(discovery.lacking()).toEqual(['/run/s: Operation not permitted']);
  refuse = false;
  discovery.again();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(discovery.lacking()).toEqual([]);
  discovery.close();
});
