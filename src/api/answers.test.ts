import { expect, it } from 'vitest';
import { ANSWERS } from '../contract/answers.ts';
import { aReport } from '../contract/testing/report.ts';
import { askAll } from './answers.ts';
import { localApi, type Reporter } from './api.ts';

const report = { ...aReport(), later: 'a new field' };

/** What comes of one host's answer to a question for its report. */
async function understood(answer: unknown) {
  const answers: unknown[] = [];
  const question = { what: 'report', args: {}, schema: ANSWERS.report };
  const silent = await askAll(
    async (_, take) => void (await take({ address: '10.9.0.2', answer })),
    question,
    (it) => answers.push(it),
  );
  return { answers, silent };
}

it('an answer as it must be passes with fields of later releases', async () => {
  expect(await understood(report)).toEqual({ answers: [report], silent: [] });
});

it.each([
  ['of another form', 7, 'the whole of it'],
  ['without networks', { ...report, networks: undefined }, 'networks'],
  [
    'with orders for a terminal',
    { ...report, agent: '\u001b[2J' },
    'agent: has control characters',
  ],
])('one %s is told as silence, with its fault', async (_name, answer, words) => {
  const { answers, silent } = await understood(answer);
  expect(answers).toEqual([]);
  expect(silent).toMatchObject([{ address: '10.9.0.2', error: expect.stringContaining(words) }]);
});

/** Found by the fuzzer: one host's senseless answer left people without any. */
it.each(['/v1/swarm', '/v1/groups', '/v1/services', '/v1/live'])(
  '%s does without such a host',
  async (path) => {
    const reporter: Reporter = {
      report: () => aReport(),
      plan: async () => [],
      flows: async () => ({ host: '10.9.0.1', seconds: 1, flows: [] }),
      balance: async () => ({ services: [], counts: [] }),
      live: async () => ({
        name: 'h1',
        report: aReport(),
        traffic: { at: 0, devices: [], flows: [], dropped: [] },
        events: [],
      }),
      metrics: async () => ({ text: '', type: 'text/plain' }),
      askPeers: async (_, take) =>
        void (await take({ address: '10.9.0.2', answer: { networks: [{ joined: 1 }] } })),
    };
    const answer = await localApi(reporter).request(path);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ silent: [{ address: '10.9.0.2' }] });
  },
);
