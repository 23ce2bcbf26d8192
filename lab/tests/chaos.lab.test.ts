/** A short chaos run: faults that take little time, in an order of its own, under load. */
import { expect, it } from 'vitest';
import * as agent from '../../chaos/faults/agent.ts';
import * as clock from '../../chaos/faults/clock.ts';
import * as encryption from '../../chaos/faults/encryption.ts';
import * as engine from '../../chaos/faults/engine.ts';
import * as link from '../../chaos/faults/link.ts';
import * as load from '../../chaos/faults/load.ts';
import * as swarm from '../../chaos/faults/swarm.ts';
import { runChaos } from '../../chaos/run.ts';
import { render } from '../../chaos/table.ts';
import { useLab } from './support/lab.ts';

const MINUTES = 3;
const MANAGERS = 3;

const FAULTS = [
  ...[agent.killed, agent.stopped, agent.disabled, agent.upgraded],
  ...[encryption.removed, encryption.flushed, encryption.renewed],
  ...[clock.jumped, engine.killed, link.deaf, link.lossy, link.slow],
  ...[load.burst, load.full, swarm.rotated, swarm.drained],
];

const lab = useLab('chaos', { hosts: 4, managers: MANAGERS });

it(`${MINUTES} minutes of faults break no promise`, { timeout: 600_000 }, async () => {
  const options = { faults: FAULTS, seed: 7, minutes: MINUTES, managers: MANAGERS };
  const rows = await runChaos({ lab: lab(), ...options });
  console.log(render(rows));
  expect(rows.length).toBeGreaterThan(2);
  const broken = rows.flatMap((row) =>
    row.broken.map((why) => `${row.fault}: ${why}; ${row.saved}`),
  );
  // In the first line, which is all that a summary has of a failure.
  expect(broken, broken.join('; ')).toEqual([]);
});
