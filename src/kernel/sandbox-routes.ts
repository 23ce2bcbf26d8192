import * as z from 'zod';
import { DISCOVERY, type Routing } from '../core/multicast-route.ts';
import { mustRun } from '../system/run.ts';
import { inSandbox } from './sandbox.ts';

const Links = z.array(
  z.object({ ifname: z.string(), address: z.string().optional(), flags: z.array(z.string()) }),
);

const Routes = z.array(
  z.object({ dst: z.string(), dev: z.string().optional(), metric: z.number().optional() }),
);

/** All routes within, for Docker may have made them in longer prefixes. */
const QUESTIONS = ['link show', ...DISCOVERY.map((it) => `route show root ${it}`)];

/**
 * A container's interfaces, and its routes for multicast and broadcast.
 * @throws CommandError when the namespace cannot be entered
 */
export async function readRouting(path: string): Promise<Routing> {
  const argv = inSandbox(path, 'ip', '-json', '-batch', '-');
  return parseRouting(await mustRun(argv, `${QUESTIONS.join('\n')}\n`));
}

/** @param text a line of JSON for each question, or nothing for one that has no answer */
export function parseRouting(text: string): Routing {
  const answers = text
    .split('\n')
    .filter((it) => it.trim() !== '')
    .map((it) => JSON.parse(it) as unknown);
  const [links = [], ...routes] = answers;
  return {
    links: Links.parse(links).map(({ ifname, address = '', flags }) => {
      return { dev: ifname, mac: address, up: flags.includes('UP') };
    }),
    routes: routes.flatMap((it) =>
      Routes.parse(it).map(({ dst, dev = '', metric = 0 }) => {
        return { to: dst.includes('/') ? dst : `${dst}/32`, dev, metric };
      }),
    ),
  };
}

/**
 * Changes routes, each line for itself.
 * @param lines of `ip -batch`
 * @throws CommandError in ip's words, after all lines were tried
 */
export async function changeRoutes(path: string, lines: readonly string[]): Promise<void> {
  const argv = inSandbox(path, 'ip', '-force', '-batch', '-');
  await mustRun(argv, lines.map((it) => `${it}\n`).join(''));
}
