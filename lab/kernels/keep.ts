/** What is kept of a guest, whose files go with it: each Engine's log, which has its agent's too. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab, LabHost } from '../lab.ts';
import { labBase, labDirectory } from '../plan.ts';

/** Where the guest collects it; guest.ts takes it out when the guest ends. */
export const KEPT = '/run/castnet-kept';

/** Copies the logs as they are now; what cannot be had is left out. */
export async function keepLogs(lab: Lab): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  const dir = labDirectory(labBase(process.env), lab.name);
  for (const { name } of lab.hosts)
    await copyFile(join(dir, name, 'dockerd.log'), join(KEPT, `${name}-dockerd.log`)).catch(
      () => {},
    );
}

/** What Docker's own balancer of published ports has on a host, to be read when it fails. */
export async function ingressState(host: LabHost): Promise<string> {
  const inside = [
    'cat /proc/net/ip_vs /proc/net/ip_vs_conn /proc/sys/net/ipv4/vs/conntrack',
    'iptables -t mangle -S',
    'iptables -t nat -S',
    'ip -brief address',
  ].join('; ');
  const script = `nsenter --net=/run/docker/netns/ingress_sbox sh -c '${inside}'; iptables -t nat -S`;
  const { stdout, stderr } = await host.exec(['sh', '-c', script], { timeoutMs: 30_000 });
  return `${host.name}\n${stdout}${stderr}`;
}
