/** How long a container waits for its network. */
import { randomBytes } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabHost } from '../../lab/lab.ts';
import { ask } from '../../src/system/http.ts';
import type { Context } from '../context.ts';
import { ip, makeNamespace } from '../namespaces.ts';
import { CASTNET, OVERLAY, startContainer } from '../paths/docker.ts';
import { figure, median, quantile, rowOf } from '../result.ts';

/** CreateEndpoint and Join by the plugin's own protocol, on endpoints made to be thrown away. */
export async function measureEndpoints(context: Context, directory: string): Promise<void> {
  const path = await context.path('castnet');
  const host = context.lab.hosts[0];
  if (path === undefined || host === undefined) return;
  const call = await pluginCalls(host, join(directory, 'plugin.sock'));
  const { Id: NetworkID } = await host.api<{ Id: string }>('GET', `/networks/${CASTNET}`);
  const prefix = path.sender.address.replace(/\.\d+$/, '');
  const times: number[] = [];
  const parts: { create: number; join: number }[] = [];
  const script = await kernelWork();
  const least: number[] = [];
  for (let i = 0; i < (context.quick ? 8 : 30); i++) {
    const endpoint = { NetworkID, EndpointID: randomBytes(32).toString('hex') };
    const Interface = { Address: `${prefix}.${150 + i}/24`, AddressIPv6: '', MacAddress: '' };
    const start = performance.now();
    await call('CreateEndpoint', { ...endpoint, Interface, Options: {} });
    const made = performance.now();
    // As Docker names it; the plugin never enters it in Join.
    const SandboxKey = `/var/run/docker/netns/${endpoint.EndpointID.slice(0, 12)}`;
    await call('Join', { ...endpoint, SandboxKey, Options: {} });
    const end = performance.now();
    times.push(end - start);
    parts.push({ create: made - start, join: end - made });
    await call('Leave', endpoint);
    await call('DeleteEndpoint', endpoint);
    least.push(await script.once());
    // One at a time: the agent has told its peers of this one before the next comes.
    await delay(100);
  }
  await script.close();
  const create = median(parts.map((it) => it.create));
  context.findings.rows.push(
    rowOf({
      figure: 'CreateEndpoint + Join, median',
      value: median(times),
      unit: 'ms',
      atMost: 30,
      from: `CreateEndpoint ${figure(create)} ms, Join ${figure(median(parts.map((it) => it.join)))} ms, p90 ${figure(quantile(times, 0.9))} ms; a script's one ip -batch for the same devices ${figure(median(least))} ms`,
    }),
  );
  context.say(`CreateEndpoint + Join: ${figure(median(times))} ms`);
}

/** A running container is connected to, and disconnected from, castnet and Docker's overlay. */
export async function measureConnect(context: Context): Promise<void> {
  const host = context.lab.hosts[0];
  const both = await context.paths(['castnet', 'overlay']);
  if (host === undefined || both.length < 2) return;
  const Container = await startContainer(host, 'bridge');
  const times = new Map([CASTNET, OVERLAY].map((name) => [name, [] as number[]]));
  try {
    for (let i = 0; i < (context.quick ? 3 : 5); i++) {
      for (const [network, list] of times) {
        const start = performance.now();
        await host.api('POST', `/networks/${network}/connect`, { Container });
        list.push(performance.now() - start);
        await host.api('POST', `/networks/${network}/disconnect`, { Container, Force: false });
      }
    }
  } finally {
    await host.docker(['rm', '-f', Container]);
  }
  const own = median(times.get(CASTNET) ?? []);
  const other = median(times.get(OVERLAY) ?? []);
  context.findings.rows.push(
    rowOf({
      figure: "Connecting a running container, castnet to Docker's overlay",
      value: own / other,
      unit: '×',
      from: `${figure(own)} ms to ${figure(other)} ms, most of it Swarm's`,
    }),
  );
  context.say(`connecting a container: castnet ${figure(own)} ms, overlay ${figure(other)} ms`);
}

/** The devices of an endpoint made by a script, which shows what of the time is the kernel's. */
async function kernelWork(): Promise<{ once(): Promise<number>; close(): Promise<void> }> {
  const [from, to] = [await makeNamespace(), await makeNamespace()];
  await ip(from.path, ['link add sw0 type bridge', 'link set sw0 up']);
  return {
    once: async () => {
      const start = performance.now();
      await ip(from.path, [
        `link add s1 mtu 1450 type veth peer name s2 mtu 1450 netns ${to.pid}`,
        'link set s1 master sw0 up',
      ]);
      const time = performance.now() - start;
      await ip(from.path, ['link del s1']);
      return time;
    },
    close: async () => {
      await from.close();
      await to.close();
    },
  };
}

/** Calls the plugin of a host as Docker does. */
async function pluginCalls(
  host: LabHost,
  link: string,
): Promise<(method: string, body: unknown) => Promise<unknown>> {
  const { Id } = await host.api<{ Id: string }>('GET', '/plugins/castnet:latest/json');
  // The path itself is longer than the 107 bytes that a socket's address may have.
  await symlink(`/proc/${host.pid}/root/run/docker/plugins/${Id}/castnet.sock`, link);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async (method, body) => {
    const path = `/NetworkDriver.${method}`;
    const call = { socketPath: link, method: 'POST', path, agent, timeoutMs: 20_000 };
    const { status, text } = await ask({ ...call, body: JSON.stringify(body) });
    const value = JSON.parse(text || '{}') as { Err?: string };
    if (status === 200 && !value.Err) return value;
    throw new Error(`${method}: ${status} ${value.Err ?? text}`);
  };
}
