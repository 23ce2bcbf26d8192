import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
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
