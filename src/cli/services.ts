import type { Command } from 'commander';
import type { ServiceRow } from '../core/services-table.ts';
import { type AgentFlags, askAgent, withSocket } from './agent-client.ts';
import { renderRows } from './output.ts';
import { show, type WatchFlags, withWatch } from './watch.ts';

/** What the agent answers at /v1/services. */
interface Services {
  readonly version: 1;
  readonly services: readonly ServiceRow[];
  /** Hosts that did not answer, and why. */
  readonly silent: readonly { readonly address: string; readonly error: string }[];
}

/** Adds `castnet services`. */
export function registerServices(program: Command): void {
  withWatch(withSocket(program.command('services')))
    .description(
      'the services of the Swarm: virtual address, tasks, connections and packets to each',
    )
    .argument('[network]', 'name of one network')
    .action((network: string | undefined, flags: AgentFlags & WatchFlags) =>
      show(flags, async () => {
        const answer = await askAgent<Services>(flags, '/v1/services');
        const services = answer.services.filter(
          (it) => network === undefined || it.network === network,
        );
        return { value: { ...answer, services }, text: servicesText({ ...answer, services }) };
      }),
    );
}

const HEAD = ['NETWORK', 'SERVICE', 'VIP', 'TASK', 'ADDRESS', 'HOST', 'STATE', 'CONNS', 'PACKETS'];

/** The table that people read; a service without tasks has one line that says so. */
export function servicesText({ services, silent }: Omit<Services, 'version'>): string {
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
