import type { Problem } from '../core/facts.ts';
import type { Section } from './look-script.ts';

/** The one command that brings a distribution's own Docker. */
const INSTALL: Readonly<Record<string, string>> = {
  debian: 'apt-get update && apt-get install -y docker.io',
  ubuntu: 'apt-get update && apt-get install -y docker.io',
  fedora: 'dnf install -y moby-engine && systemctl enable --now docker',
};

export const distributionOf = (osRelease: string): string =>
  /^ID="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'unknown';

/** Docker that is not there, or does not answer. */
export function dockerProblem(
  host: string,
  sections: ReadonlyMap<string, Section>,
): Problem | undefined {
  if (sections.get('client')?.status !== 0) {
    const distribution = distributionOf(sections.get('distribution')?.text ?? '');
    const install = INSTALL[distribution];
    return {
      code: 'docker-missing',
      host,
      what: `${host} has no Docker`,
      remedy:
        install === undefined
          ? `Install it there: https://docs.docker.com/engine/install (the distribution is ${distribution})`
          : `Add --install-docker, or run on ${host}, as root: ${install}`,
      ...(install === undefined ? {} : { install }),
    };
  }
  const version = sections.get('version');
  const info = sections.get('info');
  if (version?.status === 0 && info?.status === 0 && /^\{/m.test(version.text)) return undefined;
  const said = version?.text.split('\n').find((it) => /[a-z]/i.test(it) && it !== 'null');
  return {
    code: 'docker-down',
    host,
    what: `Docker on ${host} does not answer: ${said ?? 'it says nothing'}`,
    remedy: `On ${host}: systemctl start docker; journalctl -u docker says why it does not run.`,
  };
}
