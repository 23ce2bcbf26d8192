import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FORMER_MOST } from '../core/services/former-services.ts';
import { GONE_MOST } from '../core/services/tombstones.ts';
import type { Knowledge } from './knowledge.ts';
import { ServiceView } from './service-view.ts';
import { State } from './state.ts';

it('a file that cannot be written ends no agent, and is tried again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(directory, { recursive: true });
  });
  const state = new State(directory);
  state.reach.set({ id: 'gone', services: [] });
  const warn = vi.fn();
  const view = new ServiceView(state, { debug() {}, info() {}, warn, error() {} });
  const knowledge = { state, peers: [] } as unknown as Knowledge;

  const file = join(directory, 'reach', 'gone.json');
  rmSync(file);
  mkdirSync(file);
  view.update(knowledge, undefined, []);
  vi.runAllTimers();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(state.reach.size).toBe(1);

  rmSync(file, { recursive: true });
  view.update(knowledge, undefined, []);
  vi.runAllTimers();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(state.reach.size).toBe(0);
});

it('a thousand stacks deployed one after the other leave what containers reach as small as before', () => {
  const directory = mkdtempSync(join(tmpdir(), 'castnet-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const state = new State(directory);
  const vni = 8_000_001;
  state.networks.set({ id: 'n', vni, options: {}, subnet: '10.0.0.0/16' });
  const own = { id: 'e', network: 'n', vni, address: '10.0.255.9/16', mac: '', mtu: 1450 };
  state.endpoints.set({ ...own, since: 0, sandbox: '/run/netns/a' } as never);
  const view = new ServiceView(state, { debug() {}, info() {}, warn() {}, error() {} });
  onTestFinished(() => view.close());
  const sizes = Array.from({ length: 1000 }, (_, nth) => {
    const ip = `10.0.${nth >> 8}.${nth & 255}`;
    const vip = `10.0.${100 + (nth >> 8)}.${nth & 255}`;
    const endpoint = { id: ip, ip, mac: '', service: { name: `stack${nth}`, vip, serving: true } };
    const networks = new Map([['n', { vni, endpoints: [endpoint], groups: [] }]]);
    const peer = { address: '10.9.0.2', node: 'other', tunnel: '10.9.0.2', state: 'up', networks };
    const knowledge = { state, peers: [peer], tunnel: undefined } as unknown as Knowledge;
    return view.update(knowledge, undefined, []).get('/run/netns/a')?.length ?? 0;
  });
  // What is there, the services that were, and the addresses of their tasks.
  expect(Math.max(...sizes)).toBe(1 + FORMER_MOST + GONE_MOST);
  expect(view.services()).toHaveLength(1 + FORMER_MOST);
});
