import { describe, expect, test } from 'vitest';
import { fakeMember } from '../testing/member.ts';
import { makeNetwork } from './network.ts';
import { initSwarm } from './swarm.ts';

/** A command of a run that was killed goes on at the host, beside those of the next run. */
describe('beside a command of a killed run', () => {
  const REFUSED = { status: 503, body: { message: 'This node is already part of a swarm.' } };

  test('a Swarm that was made meanwhile is taken', async () => {
    const states = ['inactive', 'active'];
    const api = (request: string) =>
      request === 'GET /info'
        ? { status: 200, body: { Swarm: { LocalNodeState: states.shift() } } }
        : REFUSED;
    await initSwarm(fakeMember({ api }), 4789);
    expect(states).toEqual([]);
  });

  test('a Swarm that Docker refuses is told', async () => {
    const api = (request: string) =>
      request === 'GET /info'
        ? { status: 200, body: { Swarm: { LocalNodeState: 'inactive' } } }
        : REFUSED;
    await expect(initSwarm(fakeMember({ api }), 4789)).rejects.toThrow(/already part/);
  });

  const networks = (driver: string) => (script: string) => {
    if (/network\W+create/.test(script)) {
      return { status: 1, stderr: 'Error: network with name shop already exists' };
    }
    return { stdout: script.includes('Driver') ? driver : '1000' };
  };
  const SHOP = { name: 'shop', options: {} };

  test('a network that was made meanwhile is taken', async () => {
    const member = fakeMember({ run: networks('castnet:latest') });
    await expect(makeNetwork(member, SHOP)).resolves.toBeUndefined();
  });

  test('a network of another driver is not', async () => {
    const member = fakeMember({ run: networks('overlay') });
    await expect(makeNetwork(member, SHOP)).rejects.toThrow(/cannot be made.*already exists/s);
  });
});
