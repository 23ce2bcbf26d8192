import type { Command } from 'commander';
import { withSocket } from '../agent-client.ts';
import type { DashboardFlags } from './dashboard.ts';

/** Adds `castnet dashboard`; what serves the page is loaded only when it is asked for. */
export function registerDashboard(program: Command): void {
  withSocket(program.command('dashboard'))
    .description('a live picture of the whole Swarm in the browser, until Ctrl-C')
    .option('--listen <address:port>', 'where to serve the page', '127.0.0.1:4795')
    .addHelpText(
      'after',
      `
At another address than loopback the page asks for a token, which is part of the address that is
printed; $CASTNET_DASHBOARD_TOKEN sets one of your own. The page is not encrypted: over a network you
do not trust, rather leave it on loopback and use ssh -L 4795:127.0.0.1:4795 HOST.`,
    )
    .action(async (flags: DashboardFlags) => {
      const { serveDashboard } = await import('./dashboard.ts');
      await serveDashboard(flags);
    });
}
