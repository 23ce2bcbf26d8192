import type { HostFacts, Problem } from './core/facts.ts';
import { problemsOf } from './core/problems.ts';
import type { Release, Wanted } from './core/wanted.ts';
import type { Host } from './hosts/host.ts';
import { installOn } from './hosts/install.ts';
import { lookAt } from './hosts/look.ts';
import type { Ways } from './hosts/ssh.ts';
import { ambiguousNames } from './names.ts';
import { type Progress, ToldElsewhere } from './progress.ts';
import { type Member, openMember } from './session.ts';

export interface LookInput {
  readonly hosts: readonly Host[];
  readonly wanted: Wanted;
  readonly release: Release;
  readonly ways: Ways;
  readonly progress: Progress;
  /** Whether Docker is installed where it is all that is in the way. */
  readonly installDocker?: boolean;
}

export interface Looked {
  /** In the order of the line: the first ones become managers. */
  readonly facts: readonly HostFacts[];
  /** Of hosts that could not be looked at, and of names. */
  readonly unreached: readonly Problem[];
}

/** Looks at all hosts, side by side. */
export async function lookAll({
  hosts,
  ways,
  progress,
}: Omit<LookInput, 'wanted' | 'release'>): Promise<Looked> {
  const facts: HostFacts[] = [];
  const unreached: Problem[] = [];
  const names = ambiguousNames(
    hosts.map((it) => it.target),
    (it) => ways.resolved(it),
  );
  await progress(
    hosts.map((host) => ({
      title: `look at ${host.name}`,
      run: async () => {
        const found = await lookAt(host);
        if ('facts' in found) facts.push(found.facts);
        else {
          unreached.push(found.problem);
          throw new ToldElsewhere(found.problem.what);
        }
      },
    })),
  );
  return {
    facts: inOrder(facts, hosts, (it) => it.host),
    unreached: [...(await names), ...unreached],
  };
}

/** As `lookAll`, and what is in the way of what is wanted. @throws UserError when Docker cannot be installed */
export async function lookFor(
  input: LookInput,
): Promise<{ facts: readonly HostFacts[]; problems: Problem[] }> {
  const { hosts, wanted, release, progress, installDocker = false } = input;
  const { facts, unreached } = await lookAll(input);
  const problems = [...unreached, ...problemsOf(facts, wanted, release)];
  const without = problems.filter((it) => it.install !== undefined);
  // Docker is a change too: only where nothing else is in the way, as far as can be seen without it.
  if (!installDocker || without.length === 0 || without.length < problems.length) {
    return { facts, problems };
  }
  await progress(
    without.map(({ host: name, install = '' }) => ({
      title: `${name}: ${install}`,
      run: () => installOn(hosts.find((it) => it.name === name) as Host, install),
    })),
  );
  return lookFor({ ...input, installDocker: false });
}

/** Starts the helper on all hosts that were looked at, side by side, bringing it where it is not. */
export async function openAll(
  facts: readonly HostFacts[],
  { hosts, wanted, release, progress }: LookInput,
): Promise<{ members: Member[]; problems: Problem[] }> {
  const members: Member[] = [];
  const problems: Problem[] = [];
  await progress(
    facts.map((it) => ({
      title: `reach ${it.host}`,
      run: async (say) => {
        const host = hosts.find((one) => one.name === it.host) as Host;
        const onBring = () => say('bringing the plugin’s files');
        const found = await openMember({
          host,
          facts: it,
          release,
          upgrade: wanted.upgrade,
          onBring,
        });
        if ('helper' in found) members.push(found);
        else {
          problems.push(found);
          throw new ToldElsewhere(found.what);
        }
      },
    })),
  );
  return { members: inOrder(members, hosts, (it) => it.host.name), problems };
}

function inOrder<T>(items: readonly T[], hosts: readonly Host[], nameOf: (it: T) => string): T[] {
  const place = (it: T): number => hosts.findIndex((host) => host.name === nameOf(it));
  return [...items].sort((a, b) => place(a) - place(b));
}
