/**
 * `npm run bench:scale`: how castnet grows from 10 to 1000 hosts, without any host.
 *
 *   npm run bench:scale                  everything, about 20 minutes and 10 GB of memory
 *   npm run bench:scale -- --hosts 100   up to so many hosts; nothing is written
 *
 * Simulated hosts run the real sessions over a network in memory, in a time of their own; one real
 * agent, with the plugin's flags, speaks TLS with all the others. Writes SCALE.md and scale.svg.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTable } from '../../src/cli/output.ts';
import { drawGrowth } from '../chart.ts';
import { describeMachine, verdict } from '../report.ts';
import { median } from '../result.ts';
import { certificates, type MeshFigures, measureMesh } from './mesh.ts';
import { measureQuestions } from './questions.ts';
import { charts, findings, type SwarmFigures, scaleMarkdown } from './report.ts';
import { PER_NETWORK, ScaleSwarm } from './swarm.ts';

const SIZES = [10, 30, 100, 300, 1000];
const CHANGES = 20;
const IDLE_MS = 2_000;

const began = performance.now();
const say = (text: string): void => {
  console.log(`${String(Math.round((performance.now() - began) / 1000)).padStart(5)} s  ${text}`);
};

/** All figures of a simulated Swarm of so many hosts. */
async function measureSwarm(size: number): Promise<SwarmFigures> {
  const swarm = new ScaleSwarm(size);
  const { net, clock, hosts } = swarm;
  const counted = async <T>(work: () => Promise<T>) => {
    const [messages, bytes] = [net.messages, net.bytes];
    const value = await work();
    return { value, messages: net.messages - messages, bytes: net.bytes - bytes };
  };
  try {
    await swarm.startAll();
    await swarm.untilComplete(60_000);
    say(`${size} hosts: all have started`);
    const changes = [];
    for (let i = 0; i < CHANGES; i++) {
      changes.push(await swarm.change(hosts[(i * 37) % size] as (typeof hosts)[number]));
    }
    const idle = await counted(() => clock.run(clock.now + IDLE_MS));
    const restart = await counted(async () => {
      await swarm.startAll();
      return swarm.untilComplete(60_000);
    });
    say(`${size} hosts: all have started anew`);
    for (const host of [hosts[0], hosts[size >> 1], hosts[size - 1]]) {
      if (host === undefined) continue;
      const { heard, truth } = swarm.facts(host);
      const same = JSON.stringify([...heard]) === JSON.stringify([...truth]);
      if (!same) throw new Error(`host ${host.index} wants otherwise than the truth asks for`);
    }
    const death = await swarm.death(hosts[size >> 1] as (typeof hosts)[number]);
    say(`${size} hosts: one is dead`);
    return {
      hosts: size,
      peers: Math.max(...hosts.map((it) => it.peers.size)),
      changeMs: Math.max(...changes.map((it) => it.ms)),
      changeMessages: median(changes.map((it) => it.messages)),
      changeBytes: median(changes.map((it) => it.bytes)),
      changeHosts: median(changes.map((it) => it.hosts)),
      idleBytesPerSecond: (idle.bytes / size / IDLE_MS) * 1000,
      restartMs: restart.value,
      restartMessages: restart.messages / size,
      restartBytes: restart.bytes / size,
      deathMs: death,
    };
  } finally {
    swarm.close();
  }
}

async function measureAgents(sizes: readonly number[]) {
  const { swarm, directories } = certificates(Math.max(...sizes));
  const some: MeshFigures[] = [];
  const all: MeshFigures[] = [];
  try {
    for (const size of sizes) {
      const sharing = Math.min(size, 2 * PER_NETWORK - 1);
      const load = { containers: 20, groups: 2 };
      some.push(
        await measureMesh({ directories: directories.slice(0, sharing), networks: 2, ...load }),
      );
      say(`one agent among ${size} hosts, of which ${sharing - 1} share a network with it`);
      all.push(
        await measureMesh({ directories: directories.slice(0, size), networks: 20, ...load }),
      );
      say(`one agent among ${size} hosts that share all networks`);
    }
  } finally {
    swarm.remove();
  }
  return { some, all };
}

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '1000' } } });
const most = Number(values.hosts);
if (!Number.isInteger(most) || most < 10) {
  console.error('bench:scale: --hosts takes a whole number from 10');
  process.exit(2);
}
const sizes = SIZES.filter((it) => it <= most);
const load = loadavg()
  .map((it) => it.toFixed(2))
  .join(', ');
const agents = await measureAgents(sizes);
const swarms: SwarmFigures[] = [];
for (const size of sizes) swarms.push(await measureSwarm(size));
const questions = await measureQuestions(sizes.at(-1) ?? most);
say('one agent was asked about all hosts');
const input = { sizes, swarms, questions, ...agents };
const rows = findings(input);
console.log(
  `\n${renderTable(
    ['FIGURE', 'MUST BE', 'MEASURED', 'KEPT'],
    rows.map((it) => [it.figure, it.must, it.measured, it.kept ?? '']),
  )}\n\n${verdict(rows)}`,
);
if (sizes.length === SIZES.length) {
  const machine = await describeMachine([`Node ${process.versions.node}`]);
  const where = join(import.meta.dirname, '..');
  const text = scaleMarkdown({ ...input, rows, machine, date: new Date(), load });
  await writeFile(join(where, 'SCALE.md'), text);
  const title = 'How castnet grows with the number of hosts';
  await writeFile(join(where, 'scale.svg'), drawGrowth(title, charts(input)));
  console.log('\nWritten: bench/SCALE.md and bench/scale.svg');
}
process.exitCode = rows.some((it) => it.kept === 'NO') ? 1 : 0;
