import type { Command } from 'commander';
import type { GroupsTable } from '../contract/commands.ts';
import type { HostReport, NetworkReport } from '../contract/report.ts';
import { health } from '../core/diagnosis/health.ts';
import { type AgentFlags, askAgent, withSocket } from './agent-client.ts';
import { duration, statusText } from './health.ts';
import { renderRows, UserError } from './output.ts';
import { show, type WatchFlags, withWatch } from './watch.ts';

/** Adds the commands that show what the agent knows: status, peers, networks, endpoints, groups, plan. */
export function registerInspect(program: Command): void {
  const command = (name: string, what: string) =>
    withWatch(withSocket(program.command(name).description(what)));

  command('status', 'one screen: is all well on this host, and what to do if not')
    .argument('[hosts...]', 'with --all: hosts to ask by ssh, [user@]host[:port]')
    .option('--all', 'every host of the Swarm, a line each')
    .option('-f, --file <path>', 'with --all: a file with the hosts, as castnet up -f')
    .option('-F, --ssh-config <path>', 'with --all: a config for ssh, as ssh -F takes it')
    .action((hosts: string[], flags: StatusFlags) =>
      show(flags, async () => {
        if (flags.all) {
          const { allStatus } = await import('./up/all-status.ts');
          return allStatus(hosts, flags);
        }
        onlyWithAll(hosts, flags);
        const report = await host(flags);
        const problems = health(report);
        markHealth(problems.length === 0);
        return { value: { ...report, problems }, text: statusText(report, problems) };
      }),
    );
  command('peers', 'the other hosts, and how the sessions with them are').action((flags: Flags) =>
    show(flags, async () => {
      const { peers, now, wireguard } = await host(flags);
      const handshakes = new Map(wireguard?.peers.map((it) => [it.address, it.handshake]));
      const handshake = (at: string | undefined): string[] => {
        if (wireguard === undefined) return [];
        const last = handshakes.get(at ?? '');
        return [last === undefined ? '-' : duration(now - last)];
      };
      markHealth(peers.every((it) => it.state === 'up'));
      const rows = peers.map((it) => [
        it.address,
        it.node ?? '-',
        it.state,
        duration(now - it.since),
        it.listed ? 'yes' : 'no',
        String(it.networks.length),
        ...handshake(it.tunnel),
        it.state === 'up' ? '' : (it.lastError ?? ''),
      ]);
      const last = wireguard === undefined ? [] : ['HANDSHAKE AGO'];
      const head = ['ADDRESS', 'NODE', 'STATE', 'FOR', 'DOCKER LISTS IT', 'NETWORKS', ...last];
      head.push('TROUBLE');
      return { value: { version: 1, peers }, text: renderRows(head, rows) };
    }),
  );
  command('networks', 'castnet’s networks on this host').action((flags: Flags) =>
    show(flags, async () => {
      const { networks } = await host(flags);
      const rows = networks.map((it) => [
        it.name ?? it.id,
        String(it.vni),
        it.subnet ?? '-',
        it.options.ipv6 ?? '-',
        it.options.encrypted ? 'yes' : 'no',
        String(it.mtu ?? '-'),
        String(it.endpoints.length),
        String(it.hosts.length),
        String(it.groups.length),
      ]);
      const head = ['NETWORK', 'VNI', 'SUBNET', 'IPV6', 'ENCRYPTED', 'MTU', 'CONTAINERS'];
      head.push('HOSTS', 'GROUPS');
      return { value: { version: 1, networks }, text: renderRows(head, rows) };
    }),
  );
  command('endpoints', 'this host’s containers on castnet’s networks')
    .argument('[network]', 'name or id of one network')
    .action((name: string | undefined, flags: Flags) =>
      show(flags, async () => {
        const networks = chosen((await host(flags)).networks, name);
        const endpoints = networks.flatMap((network) =>
          network.endpoints.map((it) => ({ network: network.name ?? network.id, ...it })),
        );
        const rows = endpoints.map((it) => [
          it.network,
          it.exposed === undefined
            ? (it.container ?? it.id.slice(0, 12))
            : `this host, ${it.exposed}`,
          it.address,
          it.ipv6 ?? '-',
          it.mac,
          it.carriesMulticast ? 'yes' : 'no',
        ]);
        const head = ['NETWORK', 'CONTAINER', 'ADDRESS', 'IPV6', 'MAC', 'MULTICAST ROUTE'];
        return { value: { version: 1, endpoints }, text: renderRows(head, rows) };
      }),
    );
  command('groups', 'every multicast group of the Swarm: members, senders, rates, copies')
    .argument('[network]', 'name of one network')
    .action((name: string | undefined, flags: Flags) =>
      show(flags, async () => {
        const answer = await askAgent<GroupsTable>(flags, '/v1/groups');
        const isAsked = (it: { network: string }) => name === undefined || it.network === name;
        const found: GroupsTable = {
          version: 1,
          groups: answer.groups.filter(isAsked),
          dropped: answer.dropped.filter(isAsked),
          silent: answer.silent,
        };
        return { value: found, text: groupsText(found) };
      }),
    );
  command(
    'plan',
    'what the agent would change in the kernel now; nothing on a healthy host',
  ).action((flags: Flags) =>
    show(flags, async () => {
      const plan = await askAgent<{ version: 1; steps: string[] }>(flags, '/v1/plan');
      markHealth(plan.steps.length === 0);
      const text = plan.steps.length === 0 ? 'Nothing to do.' : plan.steps.join('\n');
      return { value: plan, text };
    }),
  );
}

type Flags = AgentFlags & WatchFlags;

type StatusFlags = Flags & { all?: boolean; file?: string; sshConfig?: string };

/** @throws UserError for what only a look at several hosts takes */
function onlyWithAll(hosts: readonly string[], { file, sshConfig }: StatusFlags): void {
  const given = [...hosts, file, sshConfig].filter((it) => it !== undefined);
  if (given.length === 0) return;
  throw new UserError(`castnet status is of this host, and "${given[0]}" was given`, {
    hint: 'For other hosts: castnet status --all HOST…',
    exitCode: 2,
  });
}

/** The exit status tells healthy (0) from not (1). */
const markHealth = (isHealthy: boolean): void => {
  process.exitCode = isHealthy ? 0 : 1;
};

const host = (flags: Flags) => askAgent<HostReport>(flags, '/v1/host');

function chosen(networks: readonly NetworkReport[], name: string | undefined) {
  if (name === undefined) return networks;
  const found = networks.filter((it) => it.name === name || it.id.startsWith(name));
  if (found.length > 0) return found;
  const known = networks.map((it) => it.name ?? it.id).join(', ') || 'none';
  throw new UserError(`this host has no castnet network "${name}"`, { hint: `It has: ${known}` });
}

function groupsText({ groups, dropped, silent }: GroupsTable): string {
  const place = (it: { container: string; host: string }) => `${it.container}@${it.host}`;
  const rows = groups.map((it) => [
    it.network,
    it.group,
    it.sources === 'any' ? 'any' : it.sources.join(' ') || '-',
    it.members.map(place).join('\n') || '-',
    it.senders.map(place).join('\n') || '-',
    String(it.packetsPerSecond),
    String(it.bytesPerSecond),
    it.copiedTo.join('\n') || '-',
    (it.refused ?? [])
      .map((one) => `${place(one)}, ${one.groups} groups: ${one.reason}`)
      .join('\n'),
  ]);
  const head = [
    'NETWORK',
    'GROUP',
    'SOURCES',
    'MEMBERS',
    'SENDERS',
    'PKT/S',
    'B/S',
    'COPIED TO',
    'NOT TOLD',
  ];
  const refused = dropped
    .map((it) => `\n${it.network}: its settings made ${it.host} drop ${it.packets} packets`)
    .join('');
  const missing = silent.map((it) => `\n${it.address} did not answer: ${it.error}`).join('');
  return `${rows.length === 0 ? 'No group has a member or a sender.' : renderRows(head, rows)}${refused}${missing}`;
}
