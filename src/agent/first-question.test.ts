import { expect, it } from 'vitest';
import { FirstQuestion } from './first-question.ts';

function questions(asked: { ip: string; dev: string }[]) {
  const changes: unknown[] = [];
  let looks = 0;
  const question = new FirstQuestion({
    unanswered: async () => {
      looks += 1;
      return asked;
    },
    change: async (...what) => void changes.push(what),
    macOf: (network, ip) =>
      network === 'net' && ip === '10.0.2.4' ? '02:42:0a:00:02:04' : undefined,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  return { question, changes, looks: () => looks };
}

it('answers what a container waits for, if somebody has that address on its network', async () => {
  const asked = [
    { ip: '10.0.2.4', dev: 'eth1' },
    { ip: '10.0.2.9', dev: 'eth1' },
  ];
  const { question, changes } = questions(asked);
  await question.up({ network: 'net', sandbox: '/s' });
  const line = 'neigh replace 10.0.2.4 lladdr 02:42:0a:00:02:04 dev eth1 nud reachable';
  expect(changes).toEqual([['/s', [line]]]);
  await question.up({ network: 'other', sandbox: '/s' });
  expect(changes).toHaveLength(1);
});

it('changes nothing in a container that waits for nothing, and looks once at a time', async () => {
  const { question, changes, looks } = questions([]);
  await Promise.all([
    question.up({ network: 'net', sandbox: '/s' }),
    question.up({ network: 'net', sandbox: '/s' }),
  ]);
  expect(changes).toEqual([]);
  expect(looks()).toBe(1);
});
