/** What the agent costs a host. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LabHost } from '../../lab/lab.ts';
import { agentOf } from '../agent.ts';
import type { Context } from '../context.ts';
import { cpuSeconds, memory } from '../counters.ts';
import { figure, rowOf } from '../result.ts';

/** Memory after all that was measured before, CPU time while nothing happens, size on disk. */
export async function measureFootprint(context: Context): Promise<void> {
  await context.path('castnet');
  const agents = await Promise.all(context.lab.hosts.map(agentOf));
  const seconds = context.quick ? 6 : 30;
  // What the measurements before left behind, memberships say, is to be over.
  await delay(context.quick ? 500 : 5000);
  const before = await Promise.all(agents.map((it) => cpuSeconds(it.pid, it.proc)));
  const start = performance.now();
  await delay(seconds * 1000);
  const shares = await Promise.all(
    agents.map(async (it, i) => {
      const used = (await cpuSeconds(it.pid, it.proc)) - (before[i] ?? 0);
      return (used / ((performance.now() - start) / 1000)) * 100;
    }),
  );
  const sizes = await Promise.all(agents.map((it) => memory(it.pid, it.proc)));
  const host = context.lab.hosts[0] as LabHost;
  const rss = sizes.map((it) => it.rss);
  const pss = sizes.map((it) => figure(it.pss)).join(', ');
  const list = (values: number[]) => `hosts: ${values.map(figure).join(', ')}`;
  context.findings.rows.push(
    rowOf({
      figure: 'Agent: RSS, the largest of three',
      value: Math.max(...rss),
      unit: 'MB',
      atMost: 80,
      from: `${list(rss)}; PSS ${pss}`,
    }),
    rowOf({
      figure: `Agent: CPU when idle, ${seconds} s, the largest of three`,
      value: Math.max(...shares),
      unit: '%',
      atMost: 0.5,
      from: `${list(shares)}, with children`,
    }),
    rowOf({
      figure: "Plugin's rootfs as installed",
      value: (await rootfsBytes(host)) / 1e6,
      unit: 'MB',
      atMost: 140,
    }),
  );
  context.say('the agent is measured');
}

async function rootfsBytes(host: LabHost): Promise<number> {
  const { Id } = await host.api<{ Id: string }>('GET', '/plugins/castnet:latest/json');
  const root = `/var/lib/docker/plugins/${Id}/rootfs`;
  const { stdout, stderr } = await host.exec(['du', '-sxb', root], { timeoutMs: 20_000 });
  const bytes = Number.parseInt(stdout, 10);
  if (!Number.isFinite(bytes)) throw new Error(`du of the plugin's rootfs: ${stderr.trim()}`);
  return bytes;
}
