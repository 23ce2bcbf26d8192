import { beforeEach, expect, it } from 'vitest';
import type { PeerView } from './swarm-link.ts';
import { SwarmPort } from './swarm-port.ts';

let now: number;
let node: string;
let heard: number | undefined;
let asked: (readonly string[])[];
let swarmPort: SwarmPort;
const MANAGERS = ['10.0.0.1'];

beforeEach(() => {
  now = 0;
  node = 'node-a';
  heard = undefined;
  asked = [];
  const peer = (): PeerView => ({
    ...{ address: '10.0.0.1', state: 'up', since: 0, networks: new Map(), awaited: false },
    ...(heard === undefined ? {} : { dataPathPort: heard }),
  });
  swarmPort = new SwarmPort({
    sessions: () => ({ node, views: () => [peer()] }),
    ask: (managers) => asked.push(managers),
    now: () => now,
  });
});

it('a manager has it of its own Engine, and tells the others when that is new', () => {
  expect(swarmPort.told({ port: 7789, managers: [] })).toBe(true);
  expect(swarmPort.told({ port: 7789, managers: [] })).toBe(false);
  expect([swarmPort.own, swarmPort.known]).toEqual([7789, 7789]);
});

it('a worker has it of a manager, and remembers it, but tells nobody', () => {
  heard = 7789;
  expect(swarmPort.known).toBe(7789);
  heard = undefined;
  expect([swarmPort.own, swarmPort.known]).toEqual([undefined, 7789]);
  node = 'node-b, of another Swarm';
  expect(swarmPort.known).toBeUndefined();
});

it('a worker that hears of no manager speaks with them, rarely', () => {
  swarmPort.told({ managers: MANAGERS });
  expect(asked).toEqual([]);
  for (now = 20_000; now < 600_000; now += 20_000) swarmPort.told({ managers: MANAGERS });
  expect(asked).toEqual([MANAGERS]);
  now = 640_000;
  heard = 4789;
  swarmPort.told({ managers: MANAGERS });
  heard = undefined;
  swarmPort.told({ managers: MANAGERS });
  expect(asked).toHaveLength(1);
});
