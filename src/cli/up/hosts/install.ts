import { UserError } from '../../output.ts';
import type { Host } from './host.ts';

/** Milliseconds for a package manager, by a slow line. */
const INSTALL_MS = 900_000;

/**
 * Runs the command that installs Docker; nobody is asked anything by it.
 * @throws UserError in the package manager's words
 */
export async function installOn(host: Host, command: string): Promise<void> {
  const script = `export DEBIAN_FRONTEND=noninteractive; ${command}`;
  const { status, stderr, late } = await host.run(script, { timeoutMs: INSTALL_MS });
  if (status === 0) return;
  const said = late ? 'it did not end in 15 min' : stderr.trim().split('\n').slice(-3).join(' ');
  throw new UserError(`Docker cannot be installed on ${host.name}: ${said}`, {
    hint: `Run it there by hand, as root: ${command}`,
  });
}
