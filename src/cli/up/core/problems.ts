import { chooseApi } from '../../../core/docker-api.ts';
import { clockProblems } from './clock.ts';
import type { HostFacts, Problem } from './facts.ts';
import { networkProblems } from './network-problems.ts';
import { pluginProblems } from './plugin-problems.ts';
import { swarmProblems } from './swarm-problems.ts';
import type { Release, Wanted } from './wanted.ts';

/** Bytes: the plugin's files once as they are brought, once as Docker keeps them, and what it packs meanwhile. */
const ROOM = 500e6;

/** All that keeps the hosts from what is wanted, as far as a look tells; nothing is tried here. */
export function problemsOf(
  facts: readonly HostFacts[],
  wanted: Wanted,
  release: Release,
): Problem[] {
  return [
    ...twice(facts),
    ...facts.flatMap((it) => [...engineProblems(it, release), ...roomProblems(it)]),
    ...clockProblems(facts),
    ...facts.flatMap((it) => pluginProblems(it, wanted, release)),
    ...swarmProblems(facts),
    ...networkProblems(facts, wanted),
  ];
}

/** As ssh tells of a way through a tunnel or on the machine itself; the host's own is not known yet then. */
export const isLoopback = (address: string): boolean => /^(|127\..*|::1|UNKNOWN)$/.test(address);

/** Two names on the line that lead to one host, or two hosts that say they have one address. */
function twice(facts: readonly HostFacts[]): Problem[] {
  return facts.flatMap((it, at): Problem[] => {
    const before = facts.slice(0, at);
    const same = before.find((one) => one.boot === it.boot && one.docker.id === it.docker.id);
    if (same !== undefined) {
      return [
        {
          code: 'twice',
          host: it.host,
          what: `${same.host} and ${it.host} are one and the same host (${it.hostname}, ${it.address})`,
          remedy: 'Name it once.',
        },
      ];
    }
    const sharing = before.find((one) => one.address === it.address && !isLoopback(it.address));
    if (sharing === undefined) return [];
    return [
      {
        code: 'address-shared',
        host: it.host,
        what: `${sharing.host} and ${it.host} both have the address ${it.address}, so neither can reach the other there`,
        remedy: 'Say in castnet.yaml at which address each reaches the others: host: …, address: …',
      },
    ];
  });
}

function engineProblems({ host, docker }: HostFacts, release: Release): Problem[] {
  const found: Problem[] = [];
  const { version: engine, apiLeast: least, apiMost: most, os, architecture, rootless } = docker;
  try {
    chooseApi({ engine, least, most });
  } catch (error) {
    const [what = '', ...remedy] = (error as Error).message.split('. ');
    found.push({
      code: 'docker-version',
      host,
      what: `${host}: ${what}`,
      remedy: remedy.join('. '),
    });
  }
  if (os !== 'linux' || release.builds[architecture] === undefined) {
    found.push({
      code: 'platform',
      host,
      what: `${host} is ${os} ${architecture}, and this castnet has the plugin for linux ${Object.keys(release.builds).join(' and ')}`,
      remedy: 'In a checkout, build it for arm64 too: npm run build -- --arch arm64',
    });
  }
  if (rootless) {
    found.push({
      code: 'rootless',
      host,
      what: `${host} runs a rootless Docker Engine, which has no right to make VXLAN devices`,
      remedy: 'Install Docker so that it runs as root.',
    });
  }
  return found;
}

function roomProblems({ host, free, plugin, docker }: HostFacts): Problem[] {
  if (plugin !== undefined || free >= ROOM) return [];
  return [
    {
      code: 'disk-full',
      host,
      what: `${host} has ${Math.floor(free / 1e6)} MB free below ${docker.dataRoot} and /var/lib; castnet's plugin needs ${ROOM / 1e6} MB while it is installed, 180 MB after`,
      remedy: `Make room there: docker system df shows what Docker holds.`,
    },
  ];
}
