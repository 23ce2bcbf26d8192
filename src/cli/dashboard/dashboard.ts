import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { health } from '../../core/diagnosis/health.ts';
import { addressAndPort } from '../../net/listen-address.ts';
import { listenAtPort } from '../../system/listen.ts';
import { type AgentFlags, askAgent } from '../agent-client.ts';
import { UserError } from '../output.ts';
import { isLoopback, newToken } from './access.ts';
import { Feed } from './feed.ts';
import { dashboardApp, readPage } from './server.ts';

/** What `castnet dashboard` takes. */
export interface DashboardFlags extends AgentFlags {
  readonly listen: string;
}

/** Where the page lies: beside the bundle, or in a checkout where the build puts it. */
const PAGES = ['web', '../../../dist/web'].map((path) => join(import.meta.dirname, path));

/** Serves the dashboard until Ctrl-C. */
export async function serveDashboard(flags: DashboardFlags): Promise<void> {
  const at = addressAndPort(flags.listen);
  if (at === undefined) {
    throw new UserError(`--listen ${flags.listen} is not ADDRESS:PORT`, {
      hint: 'For example 127.0.0.1:4795 or [::1]:4795',
      exitCode: 2,
    });
  }
  const page = readPage(PAGES.find((path) => existsSync(path)) ?? (PAGES[1] as string));
  // So that a wrong socket is told at once, and not on the page.
  await askAgent(flags, '/v1/host');
  const token = process.env.CASTNET_DASHBOARD_TOKEN || newToken();
  const feed = new Feed({
    ask: (path) => askAgent(flags, path),
    troubles: (report) => health(report).map((it) => it.what),
  });
  const probe = (network: string) =>
    askAgent(flags, '/v1/probe', { method: 'POST', body: { network }, timeoutMs: 60_000 });
  const app = dashboardApp({ page, feed, access: { token, local: isLoopback(at.host) }, probe });
  const listener = await listenAtPort(at, app).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot listen at ${flags.listen}: ${error.message}`, {
      hint:
        error.code === 'EADDRINUSE'
          ? 'Another program has the port; choose another, as --listen 127.0.0.1:4796'
          : '--listen takes an address of this host',
    });
  });
  // A browser elsewhere cannot open "all addresses".
  const shown = flags.listen.replace(/^(0\.0\.0\.0|\[::\])/, hostname());
  process.stdout.write(`castnet dashboard: http://${shown}/?token=${token}\nCtrl-C ends it.\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await listener.close();
}
