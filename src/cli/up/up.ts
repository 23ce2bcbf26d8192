import type { ProbeReport } from '../../contract/commands.ts';
import { apply } from './apply.ts';
import type { HostFacts, Problem } from './core/facts.ts';
import { planUp, type Stage } from './core/plan.ts';
import { problemsOf } from './core/problems.ts';
import { leadOf } from './core/swarm-problems.ts';
import type { Release, Wanted } from './core/wanted.ts';
import type { Ways } from './hosts/ssh.ts';
import { type LookInput, lookFor, openAll } from './looking.ts';
import { type Progress, ToldElsewhere } from './progress.ts';
import { type Member, unstage } from './session.ts';
import { prove } from './steps/prove.ts';
import { tryHosts, withOwnAddress } from './trying.ts';

export interface UpInput {
  readonly wanted: Wanted;
  readonly release: Release;
  readonly ways: Ways;
  readonly progress: Progress;
  /** Look, try and say; change nothing. */
  readonly dryRun: boolean;
  /** Whether Docker is installed where it is all that is in the way. */
  readonly installDocker: boolean;
  /** Told what is going to be done, before it is. */
  readonly onPlan: (plan: Planned) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Planned {
  readonly facts: readonly HostFacts[];
  readonly stages: readonly Stage[];
  /** What is worth knowing and no problem. */
  readonly notes: readonly string[];
  /** How many ways between two hosts were tried and carry. */
  readonly passed: number;
}

export interface UpOutcome {
  readonly facts: readonly HostFacts[];
  /** If there are any, nothing was changed. */
  readonly problems: readonly Problem[];
  readonly planned?: Planned;
  /** Who hears whom in the end. */
  readonly probe?: ProbeReport;
}

/**
 * From hosts to proven multicast: looks at all, tries what can be tried, and only when nothing is in the
 * way changes something. Run again it goes on where it was.
 * @throws UserError when a step fails
 */
export async function up(input: UpInput): Promise<UpOutcome> {
  const hosts = input.wanted.hosts.map((it) => input.ways.host(it));
  const look = { hosts, ...input, installDocker: input.installDocker && !input.dryRun };
  const { facts, problems } = await lookFor(look);
  if (problems.length > 0) return { facts, problems };
  let members: readonly Member[] = [];
  // What a step that failed has begun goes on with the same files.
  let keepsFiles = false;
  try {
    const opened = await openAll(facts, look);
    members = opened.members;
    if (opened.problems.length > 0) return { facts, problems: opened.problems };
    const tried = await tryAll(members, look);
    members = tried.members;
    if (tried.problems.length > 0) return { facts: tried.facts, problems: tried.problems };
    const planned = tried.planned;
    input.onPlan(planned);
    if (input.dryRun) return { facts: tried.facts, problems: [], planned };
    keepsFiles = planned.stages.length > 0;
    const lead = leadAmong(members);
    await apply({ ...input, stages: planned.stages, members, lead });
    const probe = await proven(lead, members, input);
    keepsFiles = false;
    return { facts: tried.facts, problems: [], planned, ...(probe && { probe }) };
  } finally {
    for (const it of members) it.helper.close();
    if (!keepsFiles) await unstage(hosts);
  }
}

interface Tried {
  readonly members: readonly Member[];
  readonly facts: readonly HostFacts[];
  readonly problems: readonly Problem[];
  readonly planned: Planned;
}

async function tryAll(
  opened: readonly Member[],
  { wanted, release, progress }: LookInput,
): Promise<Tried> {
  const before = opened.map((it) => it.facts);
  const members = await Promise.all(opened.map((it) => withOwnAddress(it, before)));
  const facts = members.map((it) => it.facts);
  let tries: Awaited<ReturnType<typeof tryHosts>> = { problems: [], passed: 0, notes: [] };
  await progress([
    {
      title: 'try the kernels, and the ports between every two hosts',
      run: async () => {
        tries = await tryHosts(members, wanted);
        const [first] = tries.problems;
        if (first !== undefined) throw new ToldElsewhere(first.what);
      },
    },
  ]);
  const { problems, passed, notes } = tries;
  return {
    ...{ members, facts },
    problems: [...problemsOf(facts, wanted, release), ...problems],
    planned: { facts, stages: planUp(facts, wanted, release), notes, passed },
  };
}

function leadAmong(members: readonly Member[]): Member {
  const lead = leadOf(members.map((it) => it.facts));
  return members.find((it) => it.facts === lead) ?? (members[0] as Member);
}

async function proven(
  lead: Member,
  members: readonly Member[],
  { progress, signal }: UpInput,
): Promise<ProbeReport | undefined> {
  let probe: ProbeReport | undefined;
  await progress([
    {
      title: 'send packets of each kind between all hosts',
      run: async () => {
        probe = await prove(lead, members, signal);
      },
    },
  ]);
  return probe;
}
