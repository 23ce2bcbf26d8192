import type { HostFacts, Problem } from './facts.ts';

/**
 * Seconds that a host's clock may be off. Swarm's certificates are good from an hour before they were
 * made (swarmkit, ca/certificates.go, CertBackdate), so an hour off ends all; a minute is already a clock
 * that nobody sets.
 */
export const CLOCK_MOST = 60;

/** Hosts whose clocks are off that of most, this machine's own being one of them. */
export function clockProblems(facts: readonly HostFacts[]): Problem[] {
  const all = [0, ...facts.map((it) => it.clockOffset)].sort((a, b) => a - b);
  const median = all[Math.floor((all.length - 1) / 2)] ?? 0;
  return facts
    .filter((it) => Math.abs(it.clockOffset - median) > CLOCK_MOST)
    .map(({ host, clockOffset }) => ({
      code: 'clock',
      host,
      what: `the clock of ${host} is ${span(clockOffset - median)} of the others; at most ${CLOCK_MOST} s are accepted, for Swarm's certificates say from when on they are good`,
      remedy: `On ${host}: timedatectl set-ntp true, or install chrony.`,
    }));
}

function span(seconds: number): string {
  const much = Math.abs(seconds);
  const text = much < 7200 ? `${Math.round(much / 60)} min` : `${Math.round(much / 3600)} h`;
  return `${text} ${seconds > 0 ? 'ahead' : 'behind'}`;
}
