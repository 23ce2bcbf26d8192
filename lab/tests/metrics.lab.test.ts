/** Metrics: right by promtool, by a Prometheus that reads them, and by the traffic that was sent. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { http, inHost } from '../kit/agent.ts';
import { settled } from '../kit/kernel.ts';
import { castnetSays } from './support/command.ts';
import { useCrew } from './support/crew.ts';
import { untilHeard } from './support/group.ts';
import { useLab } from './support/lab.ts';
import { MONITORING, Prometheus, promtool } from './support/prometheus.ts';

const PORT = 9790;
const GROUP = '239.90.0.1';
const RATE = 200;
const SIZE = 500;

const lab = useLab('metrics');
const crew = useCrew(lab, { network: 'metered', each: 1 });
let prometheus: Prometheus;

beforeAll(async () => {
  for (const host of lab().hosts) {
    const set = ['--set', `CASTNET_METRICS=${host.address}:${PORT}`];
    await castnetSays('plugin', 'upgrade', '-H', host.dockerHost, ...set);
  }
  await settled(lab(), 'metered');
  const targets = lab().hosts.map((host) => `${host.address}:${PORT}`);
  prometheus = await Prometheus.start(lab().host('h1'), targets);
  const stations = ['h1', 'h2', 'h3'].map((it) => crew.station(it));
  for (const each of stations.slice(1)) await each.join(GROUP);
  for (const at of stations.slice(1)) {
    await untilHeard({ from: crew.station('h1'), at, group: GROUP });
  }
  await crew.station('h1').stream({ to: GROUP, tag: 'metered', rate: RATE, size: SIZE });
});
afterAll(async () => {
  await crew.station('h1').stop('metered');
  await prometheus.stop();
});

const scrape = async (name: string): Promise<string> => {
  const socketPath = inHost(lab().host(name), '/run/castnet/castnet.sock');
  return (await http({ socketPath, method: 'GET', path: '/metrics' })).text;
};

it('promtool finds no fault in what an agent says', async () => {
  for (const host of lab().hosts) {
    const { status, stdout, stderr } = await promtool(
      ['check', 'metrics'],
      await scrape(host.name),
    );
    expect([stdout, stderr, status], host.name).toEqual(['', '', 0]);
  }
});

it('the TCP listener has metrics and nothing else', async () => {
  const { address } = lab().host('h2');
  const ask = async (path: string) => {
    const script = `const it = await fetch('http://${address}:${PORT}${path}');
      console.log(it.status, it.headers.get('content-type'));`;
    const argv = [process.execPath, '--input-type=module', '--eval', script];
    return (await lab().host('h3').exec(argv)).stdout;
  };
  expect(await ask('/metrics')).toMatch(/^200 text\/plain; version=0\.0\.4/);
  for (const path of ['/v1/host', '/v1/swarm', '/']) expect(await ask(path)).toMatch(/^404 /);
});

it('the rates are those of the stream, by group, container and tunnel', async () => {
  // Prometheus' own window of ten seconds must be full before a rate is right.
  const comesNear = async (value: number, metric: string, labels: string) => {
    const sum = `sum(rate(castnet_${metric}{${labels}}[10s]))`;
    await prometheus.values(`${sum} > ${0.7 * value} < ${1.4 * value}`);
  };
  await comesNear(RATE, 'group_sent_packets_total', `group="${GROUP}"`);
  await comesNear(RATE * (SIZE + 42), 'group_sent_bytes_total', `group="${GROUP}"`);
  await comesNear(RATE, 'container_sent_packets_total', 'container="metered-h1-a"');
  await comesNear(RATE, 'container_received_packets_total', 'container="metered-h3-a"');
  // One copy goes to each of the two hosts with members.
  const own = `instance="${lab().host('h1').address}:${PORT}"`;
  await comesNear(2 * RATE, 'tunnel_sent_packets_total', own);
});

it('a join is in the latency of both stages, on the host of the member and on the sender’s', async () => {
  const group = '239.90.0.2';
  await crew.station('h3').join(group);
  const count = (stage: string, host: string) =>
    prometheus.values(
      `castnet_join_seconds_count{stage="${stage}",instance="${lab().host(host).address}:${PORT}"} > 0`,
    );
  await count('told', 'h3');
  await count('forwarded', 'h1');
  const slow = await prometheus.query('histogram_quantile(0.5, castnet_join_seconds_bucket) > 1');
  expect(slow).toEqual([]);
});

it('promtool finds no fault in the alert rules, and their tests pass', async () => {
  const check = await promtool(['check', 'rules', join(MONITORING, 'alerts.yml')]);
  expect(check.stdout + check.stderr).toContain('SUCCESS');
  const tested = await promtool(['test', 'rules', join(MONITORING, 'alerts.test.yml')]);
  expect([tested.status, tested.stdout + tested.stderr]).toEqual([
    0,
    expect.stringContaining('SUCCESS'),
  ]);
});

it('every alert reads metrics that there are, and none fires while all is well', async () => {
  const rules = await readFile(join(MONITORING, 'alerts.yml'), 'utf8');
  const said = (await Promise.all(lab().hosts.map((it) => scrape(it.name)))).join('\n');
  const read = rules.match(/\b(castnet|process)_[a-z_]+/g) ?? [];
  // Labelled series that begin with the first trouble are in the help at least.
  for (const metric of read) {
    expect(said).toContain(`# HELP ${metric.replace(/_bucket$/, '')} `);
  }
  expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
});

it('every panel of the Grafana dashboard has something to show', async () => {
  type Panel = { title: string; targets: { expr: string }[] };
  const text = await readFile(join(MONITORING, 'grafana.json'), 'utf8');
  const { panels } = JSON.parse(text) as { panels: Panel[] };
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      const asked = expr
        .replaceAll('$__rate_interval', '10s')
        .replaceAll('$instance', '.*')
        .replaceAll('$network', '.*');
      expect((await prometheus.values(asked)).length, `${title}: ${expr}`).toBeGreaterThan(0);
    }
  }
});
