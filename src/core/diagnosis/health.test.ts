import { expect, it } from 'vitest';
import type { HostReport } from '../../contract/report.ts';
import { agentFindings, health } from './health.ts';

const WELL: HostReport = {
  ...{ version: 1, agent: '0.1.0', peerPort: 4790, now: 10_000, startedAt: 0, refusedSteps: 0 },
  ...{ encryption: 'none', tunnel: { address: '10.0.0.1', port: 4789, mtu: 1450 } },
  ...{ peers: [], networks: [] },
};

it('a host of which nothing is missing has no findings', () => {
  expect(health(WELL)).toEqual([]);
});

it('what the agent lacks is told with its host, the words of who refused it, and a remedy', () => {
  const what = 'GET /info: 400 client version 1.41 is too old';
  const found = health({ ...WELL, faults: [{ subject: 'docker', what, since: 4_000 }] });
  expect(found).toEqual([
    {
      code: 'docker',
      severity: 'error',
      host: '10.0.0.1',
      what: `host 10.0.0.1: Docker does not answer the agent, which learns from it of other hosts and of services (${what})`,
      remedy: 'docker info; systemctl status docker',
    },
  ]);
});

it('of a host that says nothing of a network both causes are told, and how to tell them apart', () => {
  const what = '10.0.0.2 says nothing of network shop, in which Docker has it';
  const [found] = health({ ...WELL, faults: [{ subject: 'hosts', what, since: 4_000 }] });
  expect(found?.what).toMatch(/takes no part in a network, or does not tell this host of it/);
  expect(found?.what).toContain(`(${what})`);
  expect(found?.remedy).toMatch(/castnet doctor.*docker network inspect --verbose NETWORK.*7946/);
});

it('a host without a tunnel address is not well', () => {
  const { tunnel: _, ...nowhere } = WELL;
  const found = agentFindings({ ...nowhere, problem: 'this host is in no Swarm' });
  expect(found).toMatchObject([{ code: 'no-swarm', what: 'this host is in no Swarm' }]);
});

it('a fault of which only a later release knows is told in its own words', () => {
  const faults = [{ subject: 'moon' as 'docker', what: 'it is full', since: 4_000 }];
  expect(health({ ...WELL, faults })).toMatchObject([
    { severity: 'error', what: expect.stringContaining('(it is full)') },
  ]);
});
