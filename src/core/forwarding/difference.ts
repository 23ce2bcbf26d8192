import { type Fact, identity, isNowhere, same } from './facts.ts';

/** One change of the kernel. A `replace` is a fact whose identity stays and whose content changes. */
export type Step =
  | { readonly action: 'add'; readonly fact: Fact }
  | { readonly action: 'replace'; readonly fact: Fact; readonly was: Fact }
  | { readonly action: 'remove'; readonly fact: Fact };

/**
 * From the wire to the bridge when adding, back when removing: a frame never finds an entry that
 * leads to one not yet made. A member entry before its copies, say, would let the default entry
 * flood the group to every host for a moment.
 */
const ORDER: Record<Fact['kind'], number> = {
  bridge: 0,
  vxlan: 1,
  // It brings its port along.
  'host-link': 2,
  port: 3,
  route: 4,
  copy: 5,
  neighbour: 6,
  station: 7,
  member: 8,
};

/**
 * The steps that make what there is into what there shall be, for some identities: additions first,
 * sorted so that equal inputs give equal steps. No step at all when both say the same.
 * @param want what there shall be of one, given what is there
 */
export function differenceOf(
  keys: Iterable<string>,
  want: (key: string, inForce: Fact | undefined) => Fact | undefined,
  have: ReadonlyMap<string, Fact>,
): Step[] {
  const steps: { key: string; step: Step }[] = [];
  for (const key of keys) {
    const was = have.get(key);
    const fact = want(key, was);
    if (fact === undefined) {
      if (was !== undefined) steps.push({ key, step: { action: 'remove', fact: was } });
    } else if (was === undefined) steps.push({ key, step: { action: 'add', fact } });
    else if (!same(fact, was)) steps.push({ key, step: { action: 'replace', fact, was } });
  }
  return steps
    .sort((a, b) => rank(a.step) - rank(b.step) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ step }) => step);
}

function rank({ action, fact }: Step): number {
  const order = ORDER[fact.kind];
  return action === 'remove' ? 100 - order : order;
}

/** The facts after a step was taken, as the reconciler remembers them until it next looks. */
export function afterStep(facts: Map<string, Fact>, step: Step): void {
  if (step.action === 'remove') facts.delete(identity(step.fact));
  else facts.set(identity(step.fact), step.fact);
}

/** A step in words, for the log and for `castnet plan`. */
export function explain(step: Step): string {
  const what = describe(step.fact);
  if (step.action === 'add') return `add: ${what}`;
  if (step.action === 'remove') return `remove: ${what}`;
  return `change: ${what} (was: ${describe(step.was)})`;
}

function describe(fact: Fact): string {
  switch (fact.kind) {
    case 'bridge':
      return `bridge ${fact.dev}, MTU ${fact.mtu}${unsettled(fact)}`;
    case 'vxlan':
      return `tunnel ${fact.dev} of ${fact.bridge} from ${fact.local} port ${fact.port}, MTU ${fact.mtu}${unsettled(fact)}`;
    case 'port':
      return `port ${fact.dev} of ${fact.bridge || 'no bridge'}${unsettled(fact)}`;
    case 'host-link':
      return `the host’s own link ${fact.dev} with ${fact.addresses || 'no address'}, MTU ${fact.mtu}${unsettled(fact)}`;
    case 'route':
      return `frames for ${fact.mac} on ${fact.dev} go to host ${fact.to}`;
    case 'copy':
      return isNowhere(fact.to)
        ? `frames for ${fact.mac} on ${fact.dev} stay on this host`
        : `frames for ${fact.mac} on ${fact.dev} are copied to host ${fact.to}`;
    case 'station':
      return `${fact.mac} is behind ${fact.dev}`;
    case 'neighbour':
      return `${fact.dev} answers that ${fact.ip} is at ${fact.mac}`;
    case 'member':
      return `group ${fact.group} from ${fact.source ?? 'any source'} leaves by ${fact.dev}${learnt(fact)}`;
  }
}

const learnt = ({ settled }: { settled: boolean }): string =>
  settled ? '' : ', learnt from a report that strayed';

const unsettled = ({ settled }: { settled: boolean }): string =>
  settled ? '' : ', not set up as it must be';
