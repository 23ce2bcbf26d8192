/** Every fault of the chaos run. */
import * as agent from './agent.ts';
import * as clock from './clock.ts';
import * as encryption from './encryption.ts';
import * as engine from './engine.ts';
import type { Fault } from './fault.ts';
import * as link from './link.ts';
import * as load from './load.ts';
import * as swarm from './swarm.ts';

export const ALL_FAULTS: readonly Fault[] = [
  ...[agent, clock, encryption, engine, link, load, swarm],
].flatMap((room) => Object.values(room));
