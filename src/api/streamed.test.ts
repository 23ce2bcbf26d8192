import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { aReport } from '../contract/testing/report.ts';
import { localApi, type Reporter } from './api.ts';

const HOSTS = 1000;

/** A reporter to whom a thousand hosts answer, each once what the one before said was taken. */
function asked() {
  const count = { taken: 0 };
  const reporter: Reporter = {
    report: () => aReport(),
    plan: async () => [],
    flows: async () => ({ host: '10.9.0.1', seconds: 1, flows: [] }),
    balance: async () => ({ services: [], counts: [] }),
    live: async () => {
      return { name: 'h', report: aReport(), traffic: { ...NONE, at: 0 }, events: [] };
    },
    metrics: async () => ({ text: '', type: 'text/plain' }),
    async askPeers({ what }, take) {
      for (let nth = 0; nth < HOSTS; nth++) {
        const address = `10.9.${nth >> 8}.${nth & 255}`;
        const own = what === 'live' ? await reporter.live(0) : aReport({ node: `node${nth}` });
        await take(nth === 7 ? { address, error: 'too busy' } : { address, answer: own });
        count.taken += 1;
      }
    },
  };
  return { api: localApi(reporter), count };
}

const NONE = { devices: [], flows: [], dropped: [] };

it.each(['/v1/swarm', '/v1/live'])('%s holds no more than the reader takes', async (path) => {
  const { api, count } = asked();
  const answer = await api.request(path);
  await delay(50);
  expect(count.taken).toBeLessThan(10);
  const { hosts, silent } = (await answer.json()) as { hosts: unknown[]; silent: unknown[] };
  expect(hosts).toHaveLength(HOSTS);
  expect(silent).toEqual([{ address: '10.9.0.7', error: 'too busy' }]);
});

it('a reader who goes away ends it', async () => {
  const { api, count } = asked();
  const answer = await api.request('/v1/swarm');
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await expect.poll(() => count.taken).toBe(HOSTS);
});
