import { expect, it, vi } from 'vitest';
import { CHECKUP, type Examined, openCheckups } from './checking.ts';
import { aReport } from './contract/testing/report.ts';
import { NOT_SHARED } from './core/visible.ts';

const WORKER = { node: 'w', address: '10.9.0.2', manager: false };

function checkups(change: Partial<Examined> = {}) {
  const asked: (readonly string[])[] = [];
  const made = openCheckups({
    report: () => aReport({ networks: [], peers: [] }),
    plan: async () => [],
    addPeers: async (addresses) => void asked.push(addresses),
    granted: (addresses) => addresses.slice(0, 1),
    askPeers: async () => {},
    state: { endpoints: new Map() } as never,
    ...change,
  });
  return { made, asked };
}

it('a worker that shares no network has this host try nothing and look at nothing', async () => {
  const plan = vi.fn(async () => []);
  const { made, asked } = checkups({ plan });
  const question = made.answer(CHECKUP, { hosts: ['10.9.0.3'] }, { ...WORKER, scope: new Set() });
  await expect(question).rejects.toThrow(NOT_SHARED);
  expect(asked).toEqual([]);
  expect(plan).not.toHaveBeenCalled();
});

it('only addresses that are granted are tried', async () => {
  const { made, asked } = checkups();
  const hosts = ['10.9.0.3', '10.9.0.4', 5];
  await made.answer(CHECKUP, { hosts }, { ...WORKER, scope: new Set(['net']) });
  await made.answer(CHECKUP, { hosts: 'all' }, { ...WORKER, manager: true, scope: 'all' });
  expect(asked).toEqual([['10.9.0.3'], []]);
});

it('many who ask at once are one look', async () => {
  const plan = vi.fn(async () => []);
  const { made } = checkups({ plan });
  const ask = () => made.answer(CHECKUP, {}, { ...WORKER, scope: 'all' });
  await Promise.all(Array.from({ length: 50 }, ask));
  expect(plan).toHaveBeenCalledTimes(1);
});

it('a worker asks only those that share a network with it, a manager all', async () => {
  const peer = (address: string, ...networks: string[]) => ({
    ...{ address, state: 'up' as const, since: 0, listed: true, networks },
  });
  const peers = [peer('10.9.0.2', 'net'), peer('10.9.0.3')];
  for (const role of ['worker', 'manager'] as const) {
    const swarm = { id: 'c', role, certificateFrom: 0, certificateUntil: 1 };
    let among: (address: string) => boolean = () => false;
    const { made } = checkups({
      report: () => aReport({ networks: [], peers, swarm }),
      askPeers: async ({ among: only = () => true }) => {
        among = only;
      },
    });
    const { askOthers } = await made.all([]);
    await askOthers(() => {});
    expect(peers.map((it) => among(it.address))).toEqual([true, role === 'manager']);
  }
});
