/** What the lab does to packets that pass a host's link, by an nft table of its own. */
import type { LabHost } from '../host.ts';
import { mustRun } from '../run.ts';

/** nft statements for each direction, as `udp dport 4789 drop`. */
export type Rules = { input?: readonly string[]; output?: readonly string[] };

/**
 * Filters what passes the host's link to the others; one filter at a time per host.
 * @returns what ends it
 */
export async function filter(host: LabHost, rules: Rules): Promise<() => Promise<void>> {
  const { underlayInterface: link } = host;
  const on = { input: `iifname ${link}`, output: `oifname ${link}` };
  const chains = (['input', 'output'] as const).map((hook) => {
    const lines = (rules[hook] ?? []).map((rule) => `${on[hook]} ${rule}`);
    return `chain ${hook} {\n type filter hook ${hook} priority -300\n ${lines.join('\n')}\n}`;
  });
  const nft = (input: string) => mustRun(host.enter(['nft', '-f', '-']), { input });
  await nft(`table inet lab {\n${chains.join('\n')}\n}\n`);
  return async () => {
    await nft('delete table inet lab\n');
  };
}
