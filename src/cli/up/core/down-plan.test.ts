import { describe, expect, it } from 'vitest';
import { bareHost, nodeHost } from '../testing/facts.ts';
import { downProblems, downText, ending, planDown, type Uses } from './down-plan.ts';

const uses = (host: string, rest: Partial<Uses> = {}): Uses => ({
  ...{ host, containers: [], services: [], networks: [] },
  ...rest,
});
const of = [1, 2, 3];
const swarm = [
  nodeHost(3, { role: 'worker', of }),
  nodeHost(1, { role: 'manager', of }),
  nodeHost(2, { role: 'manager', of }),
];
const used = [
  uses('h3', { containers: [{ name: 'mine', state: 'running' }], networks: ['shop'] }),
  uses('h1', { services: ['web'], networks: ['shop'] }),
  uses('h2', { services: ['web'], networks: ['shop'] }),
];
const steps = (leaveSwarm: boolean, users = used) =>
  planDown(swarm, users, { leaveSwarm }).flatMap((it) => it.steps.map((step) => downText(step)));

it('takes users first, then networks, then the plugin, and leaves the Swarm alone', () => {
  expect(steps(false)).toEqual([
    'remove the services web',
    'h3: remove the containers mine',
    'remove the networks shop',
    'h3: uninstall castnet',
    'h1: uninstall castnet',
    'h2: uninstall castnet',
  ]);
});

it('ends the Swarm when told, its managers last', () => {
  expect(steps(true).slice(-3)).toEqual([
    'h3: leave the Swarm',
    'h2: leave the Swarm',
    'h1: leave the Swarm',
  ]);
});

it('has nothing to do where nothing is', () => {
  expect(planDown([bareHost(1)], [uses('h1')], { leaveSwarm: true })).toEqual([]);
});

it('names what ends, each once', () => {
  expect(ending(used)).toEqual(['service web', 'container mine on h3 (running)']);
});

describe('does not begin', () => {
  it('with a part of the Swarm, whose networks the rest has too', () => {
    expect(downProblems(swarm.slice(1), used)).toMatchObject([
      { code: 'nodes-missing', what: expect.stringContaining('host3') },
    ]);
    expect(downProblems(swarm, used)).toEqual([]);
  });
  it('without a manager, who alone can remove networks', () => {
    expect(downProblems(swarm.slice(0, 1), used)).toMatchObject([{ code: 'swarm-no-manager' }]);
    expect(downProblems(swarm.slice(0, 1), [uses('h3')])).toEqual([]);
  });
});
