/** What `bench:scale` measured, in words and charts. Pure. */
import type { Growth } from '../chart.ts';
import type { Verdict } from '../decision.ts';
import { table } from '../report.ts';
import { figure, type Row } from '../result.ts';
import type { MeshFigures } from './mesh.ts';
import type { QuestionFigures } from './questions.ts';

/** One simulated Swarm. Times are of the simulated network, without processing. */
export interface SwarmFigures {
  readonly hosts: number;
  /** Most that one host has sessions with. */
  readonly peers: number;
  /** Until the last host knew one change: the slowest of all changes, milliseconds. */
  readonly changeMs: number;
  readonly changeMessages: number;
  readonly changeBytes: number;
  /** Hosts that share the changed network. */
  readonly changeHosts: number;
  /** Of one host that has nothing to say. */
  readonly idleBytesPerSecond: number;
  readonly restartMs: number;
  /** For each host. */
  readonly restartMessages: number;
  readonly restartBytes: number;
  readonly deathMs: number;
}

export interface ScaleFigures {
  readonly sizes: readonly number[];
  readonly swarms: readonly SwarmFigures[];
  /** One agent that shares a network with at most 198 hosts. */
  readonly some: readonly MeshFigures[];
  /** One agent that shares all 20 networks with all hosts. */
  readonly all: readonly MeshFigures[];
  /** What people ask of one agent about all hosts. */
  readonly questions: readonly QuestionFigures[];
}

const MIB_MOST = 100;
const CHANGE_MS_MOST = 200;
const RECONCILE_MS_MOST = 50;
const QUESTION_MS_MOST = 5000;
/** Of the old space that the plugin's Node has. */
const HEAP_MIB_MOST = 128;

const kept = (is: boolean): Verdict => (is ? 'yes' : 'NO');

/** The targets, each with what the largest Swarm showed. */
export function findings({ swarms, some, all, questions }: ScaleFigures): Row[] {
  const [swarm, shared, whole] = [swarms.at(-1), some.at(-1), all.at(-1)];
  if (swarm === undefined || shared === undefined || whole === undefined) return [];
  const slowest = swarm.changeMs + Math.max(shared.change, whole.change);
  const hundred = swarms.find((it) => it.hosts === 100);
  const flat = hundred === undefined || swarm.changeMessages <= hundred.changeMessages * 1.1;
  return [
    {
      figure: `one change known by all that share the network, of ${swarm.hosts} hosts`,
      must: `below ${CHANGE_MS_MOST} ms`,
      measured: `${figure(swarm.changeMs)} ms of network, ${figure(Math.max(shared.change, whole.change))} ms of TLS and processing`,
      kept: kept(slowest < CHANGE_MS_MOST),
    },
    {
      figure: 'messages for one change, whatever hosts there are that do not share the network',
      must: 'as with 100 hosts',
      measured: `${figure(swarm.changeMessages)} to ${figure(swarm.changeHosts)} hosts; ${figure(hundred?.changeMessages ?? Number.NaN)} with 100 hosts`,
      kept: kept(flat),
    },
    {
      figure: `memory of an agent among ${swarm.hosts} hosts, ${shared.peers} of which share a network with it`,
      must: `below ${MIB_MOST} MiB`,
      measured: `${figure(shared.resident)} MiB, ${figure(shared.bare)} of them before it has a peer`,
      kept: kept(shared.resident < MIB_MOST),
    },
    {
      figure: `memory of an agent that shares all networks with ${whole.peers} hosts`,
      must: `below ${MIB_MOST} MiB`,
      measured: `${figure(whole.resident)} MiB`,
      kept: kept(whole.resident < MIB_MOST),
    },
    {
      figure: `reconciling one change among ${whole.containers} containers, ${whole.facts} entries`,
      must: `below ${RECONCILE_MS_MOST} ms`,
      measured: `${figure(whole.reconcile)} ms`,
      kept: kept(whole.reconcile < RECONCILE_MS_MOST),
    },
    {
      figure: 'a dead host’s record dropped by all',
      must: '',
      measured: `${figure(swarm.deathMs)} ms, of which 4000 are the wait for a sign of life`,
      kept: undefined,
    },
    {
      figure: `all ${swarm.hosts} agents restarted at once know each other again`,
      must: '',
      measured: `${figure(swarm.restartMs)} ms of network; ${figure(swarm.restartMessages)} messages and ${figure(swarm.restartBytes / 1024)} KiB of each host`,
      kept: undefined,
    },
    {
      figure: `one agent hears ${whole.peers} hosts afresh, over TLS, on one core`,
      must: '',
      measured: `${figure(whole.complete)} ms; ${figure(shared.complete)} ms for ${shared.peers} hosts`,
      kept: undefined,
    },
    ...questions.map((it) => ({
      figure: `${it.question} asked of an agent about ${swarm.hosts} hosts, over TLS, on one core`,
      must: `below ${QUESTION_MS_MOST} ms and ${HEAP_MIB_MOST} MiB of heap`,
      measured: `${figure(it.milliseconds)} ms, ${figure(it.cpu)} of them the agent’s own work; ${figure(it.heap)} MiB; ${figure(it.heardBytes / 2 ** 20)} MiB heard`,
      kept: kept(
        it.status === 200 && it.milliseconds < QUESTION_MS_MOST && it.heap < HEAP_MIB_MOST,
      ),
    })),
  ];
}

export function charts({ sizes, swarms, some, all }: ScaleFigures): Growth[] {
  const of = (value: (it: SwarmFigures) => number) =>
    swarms.map((it) => ({ hosts: it.hosts, value: value(it), line: '' }));
  const both = (value: (it: MeshFigures) => number) => {
    const of = (line: string) => (it: MeshFigures, i: number) => {
      return { hosts: sizes[i] ?? 0, value: value(it), line };
    };
    return [...some.map(of('2 networks of 100 hosts')), ...all.map(of('all hosts share all'))];
  };
  return [
    {
      title: 'One change known by all that share the network',
      unit: 'ms of simulated network',
      target: CHANGE_MS_MOST,
      points: of((it) => it.changeMs),
    },
    {
      title: 'Messages for one change',
      unit: 'messages of all hosts together',
      points: of((it) => it.changeMessages),
    },
    {
      title: 'Memory of one agent',
      unit: 'MiB resident',
      target: MIB_MOST,
      points: both((it) => it.resident),
    },
    {
      title: 'Reconciling one change',
      unit: 'ms',
      target: RECONCILE_MS_MOST,
      points: both((it) => it.reconcile),
    },
    {
      title: 'All agents restart at once',
      unit: 'KiB sent by each host until all agree',
      points: of((it) => it.restartBytes / 1024),
    },
    {
      title: 'One agent hears all others afresh, over TLS',
      unit: 'ms on one core',
      points: both((it) => it.complete),
    },
  ];
}

export interface ScaleReport extends ScaleFigures {
  readonly rows: readonly Row[];
  readonly machine: readonly string[];
  readonly date: Date;
  readonly load: string;
}

/** SCALE.md. */
export function scaleMarkdown(report: ScaleReport): string {
  const { rows, swarms, some, all, sizes, machine, date, load } = report;
  return [
    '# How castnet grows with the number of hosts',
    '',
    'Written by `npm run bench:scale`; not edited by hand.',
    '',
    table(
      ['Figure', 'Must be', 'Measured', 'Kept'],
      rows.map((it) => [it.figure, it.must || 'for comparison', it.measured, it.kept ?? '']),
    ),
    '',
    '![Growth from 10 to 1000 hosts](scale.svg)',
    '',
    '## Simulated Swarms',
    '',
    'The real code of publishers, subscribers and core; a connection takes 0.5 to 1 ms each way and',
    'loses nothing; computing takes no time. Each host has 20 containers and two groups, on two',
    'networks, and 100 hosts share a network (fewer where there are fewer).',
    '',
    table(
      [
        'Hosts',
        'Peers',
        'Change, ms',
        'Messages',
        'Bytes',
        'Restart, ms',
        'Messages each',
        'KiB each',
        'Death, ms',
        'Idle, B/s each',
      ],
      swarms.map((it) =>
        [
          ...[it.hosts, it.peers, it.changeMs, it.changeMessages, it.changeBytes, it.restartMs],
          ...[it.restartMessages, it.restartBytes / 1024, it.deathMs, it.idleBytesPerSecond],
        ].map(figure),
      ),
    ),
    '',
    '## One real agent',
    '',
    'A process of its own with the flags of the plugin, TLS with the certificates of a Swarm, sessions',
    'in both directions with each peer, the core and the reconciler; its kernel only takes note. It',
    'lacks the APIs and the logging of the plugin’s agent, which add some 10 MiB. `Change` is from a',
    'peer’s word to the steps for the kernel, `reconcile` the part of it that computes these steps.',
    '',
    table(
      [
        'Hosts',
        'Networks',
        'Peers',
        'Containers',
        'Entries',
        'Bare, MiB',
        'Resident, MiB',
        'All heard, ms',
        'Change, ms',
        'Reconcile, ms',
      ],
      [
        ...some.map((it, i) => meshRow(sizes[i] ?? 0, 2, it)),
        ...all.map((it, i) => meshRow(sizes[i] ?? 0, 20, it)),
      ],
    ),
    '',
    '## The machine',
    '',
    ...machine.map((it) => `- ${it}`),
    `- ${date.toISOString().slice(0, 10)}, load before the run: ${load}`,
    '',
  ].join('\n');
}

function meshRow(hosts: number, networks: number, it: MeshFigures): string[] {
  return [
    ...[hosts, networks, it.peers, it.containers, it.facts, it.bare, it.resident],
    ...[it.complete, it.change, it.reconcile],
  ].map(figure);
}
