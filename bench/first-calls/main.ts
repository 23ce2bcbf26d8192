/** First calls of many containers: `npm run bench:first-calls -- --help`. */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { loadUsrImage } from '../../lab/image.ts';
import { firstCall, isAnswered } from '../../lab/kit/first-call.ts';
import { containersOf, createNetwork } from '../../lab/kit/stack.ts';
import { createWeb, vipsOf } from '../../lab/kit/vip.ts';
import { type Lab, type LabHost, labDown, labUp, openLab } from '../../lab/lab.ts';
import { describeError, UserError } from '../../src/cli/output.ts';
import { EntryWatch } from './entries.ts';
import { explained, type Known, knownBefore, summary } from './judge.ts';

const HELP = `npm run bench:first-calls -- [--run COUNTxATONCE]… [--patience MS] [--engine ENGINE]

Containers on three Docker hosts whose first act is a call by TCP and one by UDP to a service of six
tasks. Prints each whose calls were not both answered, and how long before its call each host's
kernel knew the way to it. The status is 0 if all were answered.

  --run NxM      N containers, M of them started together, then the next; may be given more than
                 once, and is 300x1 and 30x30 unless told
  --patience MS  how long each call may take, 900 unless told: a packet that is lost comes after 1 s
  --minutes M    none is started after so many minutes, 60 unless told
  --engine E     Docker's, as of \`castnet lab up\`
  --help         this text`;

const NAME = 'first-calls';
const NETWORK = 'first';
const TASKS = 6;

interface Run {
  readonly count: number;
  readonly atOnce: number;
}

interface Options {
  readonly runs: readonly Run[];
  readonly patienceMs: number;
  readonly minutes: number;
  readonly engine: string | undefined;
}

/** Errors: UserError for what is no number. */
function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      run: { ...text, multiple: true, default: ['300x1', '30x30'] },
      patience: { ...text, default: '900' },
      minutes: { ...text, default: '60' },
      engine: text,
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: 'patience' | 'minutes'): number => {
    const value = Number(values[name]);
    if (value > 0) return value;
    throw new UserError(`--${name} cannot be "${values[name]}".`, { hint: 'Give a number.' });
  };
  const runs = values.run.map((it) => {
    const [, count, atOnce] = (/^(\d{1,5})x(\d{1,3})$/.exec(it) ?? []).map(Number);
    if (count && atOnce) return { count, atOnce };
    throw new UserError(`--run cannot be "${it}".`, { hint: 'Two numbers, as 300x1.' });
  });
  return {
    runs,
    patienceMs: number('patience'),
    minutes: number('minutes'),
    engine: values.engine,
  };
}

/** @returns how many containers' calls were not both answered */
async function measure(lab: Lab, options: Options): Promise<number> {
  await Promise.all(lab.hosts.map((host) => loadUsrImage(host)));
  await createNetwork(lab, NETWORK);
  await createWeb(lab, { name: 'web', networks: [NETWORK], replicas: TASKS });
  const end = performance.now() + options.minutes * 60_000;
  let failed = 0;
  for (const run of options.runs) failed += await callAll(lab, run, { ...options, end });
  return failed;
}

/** @param end by performance.now() */
async function callAll(
  lab: Lab,
  { count, atOnce }: Run,
  { patienceMs, end }: { patienceMs: number; end: number },
): Promise<number> {
  const [vip = ''] = await vipsOf(lab, 'web');
  const tasks = new Map((await containersOf(lab, NETWORK)).map((it) => [it.ip, it.host.name]));
  const watches = lab.hosts.map((host) => new EntryWatch(host));
  const known: Known[] = [];
  const load: number[] = [];
  let failed = 0;
  const one = async (host: LabHost): Promise<void> => {
    const said = await firstCall(host, { network: NETWORK, vip, patienceMs });
    const before = knownBefore(said, watches);
    known.push(before);
    if (isAnswered(said)) return;
    failed += 1;
    console.log(explained(`${host.name}: ${said}`, before, tasks));
  };
  try {
    for (let next = 0; next < count && performance.now() < end; ) {
      const round = Array.from({ length: Math.min(atOnce, count - next) }, () => {
        return lab.hosts[next++ % lab.hosts.length] as LabHost;
      });
      await Promise.all(round.map(one));
      load.push(loadavg()[0] ?? 0);
    }
  } finally {
    for (const watch of watches) watch.close();
  }
  console.log(`${known.length} containers, ${atOnce} at once: ${failed} not answered`);
  console.log(summary(known, load));
  return failed;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new UserError('interrupted', { exitCode: 130 }));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await labUp({ name: NAME, engine: options.engine, signal: interrupt.signal });
  try {
    const lab = await openLab(NAME);
    const version = await lab.hosts[0]?.docker(['version', '-f', '{{.Server.Version}}']);
    console.log(`Docker ${version?.trim()}`);
    const aborted = new Promise<never>((_, reject) => {
      interrupt.signal.addEventListener('abort', () => reject(interrupt.signal.reason));
    });
    return (await Promise.race([measure(lab, options), aborted])) === 0 ? 0 : 1;
  } finally {
    await labDown(NAME);
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(describeError(error));
    process.exit(error instanceof UserError ? error.exitCode : 1);
  },
);
