import { NAMESPACE_PATH } from './commands.ts';
import { mustRun, run } from './run.ts';

/**
 * The `castnet` network namespace: all bridges and tunnels live in it, out of reach of the host's
 * firewall. It is kept under the host's /run by a bind mount, so it outlives the agent, and a
 * person finds it with `ip netns`.
 */

const NAME = 'castnet';

/** The argv prefix that runs a program inside the namespace. */
export const inNamespace = (...argv: readonly string[]): string[] => [
  'nsenter',
  `--net=${NAMESPACE_PATH}`,
  ...argv,
];

/**
 * What stays out of the tunnels: each bridge asks its own containers who is a member of what. A
 * query from another host would silence this bridge's own (querier election, RFC 3376 section
 * 6.6.2), and membership here would then hang on a host that may go.
 */
const RULES = `
table bridge castnet
delete table bridge castnet
table bridge castnet {
  chain own-queries-stay {
    type filter hook output priority filter; policy accept;
    oifname "cx*" ip protocol igmp drop
    oifname "cx*" icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } drop
  }
}
`;

/**
 * Makes the namespace if there is none, and its rules.
 * @param procRoot a /proc whose sysctls can be written
 * @returns whether it was made now: then no device of an earlier agent exists
 */
export async function ensureNamespace(procRoot: string): Promise<boolean> {
  const made = !(await namespaceWorks());
  if (made) {
    // A name without a namespace behind it stays when a mount was lost.
    await run(['ip', 'netns', 'delete', NAME]);
    await mustRun(['ip', 'netns', 'add', NAME]);
  }
  await mustRun(inNamespace('ip', 'link', 'set', 'dev', 'lo', 'up'));
  await mustRun(inNamespace('nft', '-f', '-'), RULES);
  await keepNetfilterOut(procRoot);
  return made;
}

/** Whether a namespace is mounted there, not just an empty file left of one. */
async function namespaceWorks(): Promise<boolean> {
  return (await run(inNamespace('ip', 'link', 'show', 'dev', 'lo'))).status === 0;
}

/**
 * A new namespace may start with bridged packets passing iptables: 8 % of multicast and 11 % of
 * small packets were lost to it. The sysctl belongs to the namespace of the process that opens it,
 * so a child inside writes it: a Node, since a plugin's image holds no shell and no sysctl.
 */
const OPEN_BRIDGES = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  for (const what of ['iptables', 'ip6tables', 'arptables']) {
    const path = process.argv[1] + '/sys/net/bridge/bridge-nf-call-' + what;
    if (existsSync(path) && readFileSync(path, 'utf8').trim() !== '0') writeFileSync(path, '0');
  }
`;

async function keepNetfilterOut(procRoot: string): Promise<void> {
  await mustRun(inNamespace(process.execPath, '--eval', OPEN_BRIDGES, procRoot));
}
