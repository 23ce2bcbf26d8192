/** Who hears whom, worked out from what the containers themselves report. Pure. */

/** What a container's client prints, once a second; see client.mjs. */
export type Report = {
  /** Its name in the cluster. */
  node: string;
  /** When it was printed, in milliseconds since 1970. */
  at: number;
  /** Announcements that its multicast socket received in the last seconds, with their senders. */
  heard: { node: string; address: string }[];
  /** The nodes in its registry that it can reach, itself included. */
  members: string[];
};

/** A container that should run, as Docker sees it, and what it says. */
export type Container = {
  slot: number;
  /** Name of its host; empty while it has none. */
  host: string;
  /** Address on the castnet network, without prefix length; empty while it has none. */
  address: string;
  /** Docker's word for what it does: "running", "preparing", … with its complaint if it has one. */
  state: string;
  report?: Report | undefined;
};

/** What is known at one moment. */
export type Scene = {
  containers: Container[];
  /** How many containers the service should have. */
  expected: number;
  /** Names of the hosts. */
  hosts: string[];
  /** What Docker said of containers that have failed, the latest last. */
  failures: string[];
};

/** Milliseconds after which a report is too old to tell anything. */
const STALE_MS = 5_000;

/** The last report in a container's log, if it is recent. */
export function lastReport(log: string, now: number): Report | undefined {
  for (const line of log.split('\n').reverse()) {
    // Docker puts eight bytes in front of each line, and any of them may look like a brace.
    const start = line.indexOf('{"node":');
    if (start < 0) continue;
    const report = parse(line.slice(start));
    if (report !== undefined) return now - report.at > STALE_MS ? undefined : report;
  }
  return undefined;
}

/** The report in a text, or undefined for one that is cut off. */
function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}

/**
 * Whether `listener` received `speaker`'s multicast announcement over castnet:
 * from its address there, since containers of one host share Docker's own
 * bridge as well.
 */
export function hears(listener: Container, speaker: Container): boolean {
  const node = speaker.report?.node;
  if (node === undefined || speaker.address === '') return false;
  const heard = listener.report?.heard ?? [];
  return heard.some((entry) => entry.node === node && entry.address === speaker.address);
}

/** How many of the other containers are in this one's registry. */
export function known(container: Container, all: Container[]): number {
  const members = new Set(container.report?.members);
  return others(container, all).filter(({ report }) => report && members.has(report.node)).length;
}

/** All containers but this one. */
export function others(container: Container, all: Container[]): Container[] {
  return all.filter((other) => other !== container);
}

/** A container in few characters: "2@h1". */
export function label({ slot, host }: Container): string {
  return host === '' ? `${slot}` : `${slot}@${host}`;
}

/** What is missing until every container hears every other, in sentences; nothing when complete. */
export function missing({ containers, expected, hosts, failures }: Scene): string[] {
  const lines: string[] = [];
  if (containers.length !== expected) {
    lines.push(`there are ${containers.length} containers instead of ${expected}`);
  }
  if (expected >= hosts.length) {
    const empty = hosts.filter((name) => !containers.some(({ host }) => host === name));
    if (empty.length > 0) lines.push(`no container is on ${empty.join(', ')}`);
  }
  for (const container of containers) {
    const { state, report } = container;
    if (report === undefined) {
      const why = state === 'running' ? 'runs, but reports nothing' : `is ${state}`;
      lines.push(`${label(container)} ${why}`);
      continue;
    }
    const rest = others(container, containers).filter(({ report }) => report !== undefined);
    const unheard = rest.filter((other) => !hears(container, other));
    if (unheard.length > 0)
      lines.push(`${label(container)} does not hear ${unheard.map(label).join(', ')}`);
    const unknown = rest.length - known(container, rest);
    if (unknown > 0) lines.push(`${label(container)} has not connected to ${unknown} of them`);
  }
  // An old failure does no harm when everything is there.
  return lines.length === 0 ? [] : [...lines, ...failures];
}

/** How far it is: pairs (listener, speaker) in which the first hears the second. */
export function pairs({ containers, expected }: Scene): { heard: number; all: number } {
  const heard = containers.flatMap((listener) =>
    others(listener, containers).filter((speaker) => hears(listener, speaker)),
  ).length;
  return { heard, all: expected * (expected - 1) };
}
