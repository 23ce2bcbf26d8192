import * as z from 'zod';
import { factOf, MAPS } from '../../core/fastpath/entries.ts';
import { type FastFact, PROGRAMS, type Program } from '../../core/fastpath/facts.ts';
import { mustRun, run } from '../../system/run.ts';
import { inNamespace } from '../namespace.ts';
import { bpftoolBatch } from './bpftool.ts';
import { answersOf, entriesOf } from './dump.ts';

/** All that the kernel has of the fast path. */
export interface FastLook {
  readonly facts: readonly FastFact[];
  readonly programs: Readonly<Record<Program, number>>;
  /** Indexes of the devices in castnet's namespace, by name. */
  readonly inside: ReadonlyMap<string, number>;
  /** And in the host's. */
  readonly outside: ReadonlyMap<string, number>;
}

const Net = z.array(
  z.object({
    tc: z.array(
      z.object({
        devname: z.string(),
        kind: z.string(),
        name: z.string().optional(),
        id: z.number().optional(),
      }),
    ),
  }),
);
const Links = z.array(z.object({ ifname: z.string(), ifindex: z.number() }));

const OWN = new RegExp(`^(${PROGRAMS.join('|')}):`);
const SHOW_LINKS = ['ip', '-json', 'link', 'show'];
const SHOW_NET = ['bpftool', '--json', 'net', 'show'];

/**
 * Reads what the kernel has of the fast path.
 * @param directory where this build's programs are pinned
 * @throws CommandError in the words of bpftool or ip
 */
export async function lookFast(directory: string): Promise<FastLook> {
  const [pinned, netIn, netOut, linksIn, linksOut] = await Promise.all([
    readPinned(directory),
    mustRun(inNamespace(...SHOW_NET)),
    mustRun(SHOW_NET),
    mustRun(inNamespace(...SHOW_LINKS)),
    mustRun(SHOW_LINKS),
  ]);
  return {
    programs: pinned.programs,
    facts: [...filtersOf('castnet', netIn), ...filtersOf('host', netOut), ...pinned.facts],
    inside: indexes(linksIn),
    outside: indexes(linksOut),
  };
}

/** Castnet's programs at the devices, of any build; none where nothing can be read, as without bpftool. */
export async function ownFilters(): Promise<(FastFact & { kind: 'filter' })[]> {
  const read = async (at: 'castnet' | 'host', argv: readonly string[]) => {
    const found = await run(argv).catch(() => undefined);
    return found?.status === 0 ? filtersOf(at, found.stdout) : [];
  };
  const [inside, outside] = await Promise.all([
    read('castnet', inNamespace(...SHOW_NET)),
    read('host', SHOW_NET),
  ]);
  return [...inside, ...outside];
}

async function readPinned(directory: string): Promise<Pick<FastLook, 'programs' | 'facts'>> {
  const lines = [
    ...PROGRAMS.map((it) => `prog show pinned ${directory}/${it}`),
    ...MAPS.map((it) => `map dump pinned ${directory}/maps/${it}`),
  ];
  return parsePinned(await bpftoolBatch(lines, ['--json']));
}

/** Of bpftool's answers, in the order of `PROGRAMS` and `MAPS`. */
export function parsePinned(json: string): Pick<FastLook, 'programs' | 'facts'> {
  const answers = answersOf(json);
  const ids = PROGRAMS.map((it, at) => [it, idOf(answers[at] ?? '')] as const);
  const facts: FastFact[] = [];
  for (const [at, map] of MAPS.entries())
    for (const entry of entriesOf(answers[PROGRAMS.length + at] ?? '')) {
      const fact = factOf({ map, ...entry });
      if (fact !== undefined) facts.push(fact);
    }
  return { programs: Object.fromEntries(ids) as Record<Program, number>, facts };
}

function idOf(answer: string): number {
  const [, id] = /^\["prog","show",[^\]]*\],"output":\{"id":(\d+)/.exec(answer) ?? [];
  if (id === undefined) throw new Error(`bpftool: no program, but ${answer.slice(0, 200)}`);
  return Number(id);
}

/** Of `bpftool --json net show`. */
export function filtersOf(at: 'castnet' | 'host', json: string): (FastFact & { kind: 'filter' })[] {
  return Net.parse(JSON.parse(json)).flatMap(({ tc }) =>
    tc.flatMap(({ devname: dev, kind, name, id }) => {
      const program = OWN.exec(name ?? '')?.[1] as Program | undefined;
      if (program === undefined || id === undefined || !kind.endsWith('/ingress')) return [];
      return [{ kind: 'filter', at, dev, program, id } as const];
    }),
  );
}

const indexes = (json: string): Map<string, number> =>
  new Map(Links.parse(JSON.parse(json)).map((it) => [it.ifname, it.ifindex]));
