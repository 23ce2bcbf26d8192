import type { Command } from 'commander';
import type { ServicesTable } from '../contract/commands.ts';
import { type AgentFlags, askAgent, withSocket } from './agent-client.ts';
import { renderRows } from './output.ts';
import { show, type WatchFlags, withWatch } from './watch.ts';

/** Adds `castnet services`. */
export function registerServices(program: Command): void {
  withWatch(withSocket(program.command('services')))
    .description(
      'the services of the Swarm: virtual address, tasks, connections and packets to each',
    )
    .argument('[network]', 'name of one network')
    .action((network: string | undefined, flags: AgentFlags & WatchFlags) =>
      show(flags, async () => {
        const answer = await askAgent<ServicesTable>(flags, '/v1/services');
        const services = answer.services.filter(
          (it) => network === undefined || it.network === network,
        );
        return { value: { ...answer, services }, text: servicesText({ ...answer, services }) };
      }),
    );
}

const HEAD = ['NETWORK', 'SERVICE', 'VIP', 'TASK', 'ADDRESS', 'HOST', 'STATE', 'CONNS', 'PACKETS'];

/** The table that people read; a service without tasks has one line that says so. */
export function servicesText({ services, silent }: Omit<ServicesTable, 'version'>): string {
  const rows = services.flatMap(({ network, service, vip, backends }) => {
    const tasks = backends.map((it) => [
      it.container ?? '-',
      it.address,
      it.host,
      it.serving ? 'serving' : 'draining',
      String(it.connections),
      String(it.packets),
    ]);
    if (tasks.length === 0) tasks.push(['none', '-', '-', 'refused', '-', '-']);
    // The service's own columns are written once.
    return tasks.map((it, at) => [...(at === 0 ? [network, service, vip] : ['', '', '']), ...it]);
  });
  const missing = silent.map((it) => `\n${it.address} did not answer: ${it.error}`).join('');
  return `${rows.length === 0 ? 'No service has a virtual address here.' : renderRows(HEAD, rows)}${missing}`;
}
