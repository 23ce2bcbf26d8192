/**
 * What a person is told when something is broken between the hosts. Each fault is made on purpose,
 * must be named by `castnet probe` or `castnet doctor`, and is mended again.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { UNATTACHED } from '../../src/cli/doctor/containers.ts';
import type { ProbePair } from '../../src/contract/commands.ts';
import type { Finding } from '../../src/contract/finding.ts';
import { testSwarm } from '../../src/peers/testing/certificates.ts';
import { agentLog, agentPid, hostReport, inHost } from '../kit/agent.ts';
import { IMAGE, RUN_MOUNTS } from '../kit/containers.ts';
import { filter } from '../kit/filter.ts';
import { castnetLinks, inCastnet, settled } from '../kit/kernel.ts';
import { createNetwork, removeNetwork, runContainer, vniOf } from '../kit/stack.ts';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import { castnetJson, castnetOn } from './support/command.ts';
import { useLab } from './support/lab.ts';

const lab = useLab('faults');
const NET = 'faults';

const host = (name: string): LabHost => lab().host(name);
let vni = 0;
/** Mends what a test broke, also when it fails. */
let mend: (() => Promise<unknown>) | undefined;

const probe = (from: LabHost) => castnetJson(from, 'probe', NET);

/** What a probe finds wrong, asked of the first host. */
const probed = async (): Promise<readonly Finding[]> => (await probe(host('h1'))).value.findings;

/** What a doctor on the first host finds wrong. */
async function examined(): Promise<readonly Finding[]> {
  const { status, value } = await castnetJson(host('h1'), 'doctor');
  expect(status === 0).toBe(value.ok);
  return value.checks.flatMap((it) => it.findings);
}

/**
 * Looks until one error, and it alone, is told: on a machine with too much to do an agent may be late
 * and then be told of too.
 */
function errorTold(code: string, look: () => Promise<readonly Finding[]>): Promise<Finding> {
  return until(
    async () => {
      const errors = (await look()).filter((it) => it.severity === 'error');
      const [error] = errors;
      if (error !== undefined && errors.length === 1 && error.code === code) return error;
      throw new Error(errors.map((it) => `${it.code}: ${it.what}`).join('; ') || 'nothing is told');
    },
    { what: `${code} told`, timeoutMs: 40_000, everyMs: 500 },
  );
}

/** Waits until a probe from the first host finds nothing wrong any more. */
async function mended(): Promise<void> {
  await mend?.();
  mend = undefined;
  await until(
    async () => {
      const { status, value } = await probe(host('h1'));
      if (status === 0) return true;
      throw new Error(value.findings.map((it) => it.what).join('; '));
    },
    { what: 'a probe that finds nothing wrong', timeoutMs: 40_000 },
  );
}

/** Waits until a host's status has these words, and fails by them. @returns all that it says */
function statusNames(at: LabHost, words: string): Promise<string> {
  return until(
    async () => {
      const { stdout, status } = await castnetOn(at, ['status']);
      return status === 1 && stdout.includes(words) ? stdout : undefined;
    },
    { what: `a status that says "${words}"`, timeoutMs: 40_000, everyMs: 500 },
  );
}

/** Waits until a host's status finds nothing wrong. */
async function statusIsWell(at: LabHost): Promise<void> {
  await until(async () => (await castnetOn(at, ['status'])).status === 0 || undefined, {
    what: 'a status that finds nothing wrong',
    timeoutMs: 40_000,
    everyMs: 500,
  });
}

/** Drops what matches at a host's door. */
async function drop(at: LabHost, match: string): Promise<void> {
  mend = await filter(at, { input: [`${match} drop`] });
}

afterEach(async () => {
  await mend?.();
  mend = undefined;
});

it('doctor finds nothing wrong before there is any network, and tries every port pair', async () => {
  const said = await until(
    async () => {
      // An agent notices that its host has joined a Swarm within 20 seconds.
      const { stdout, stderr, status } = await castnetOn(host('h1'), ['doctor']);
      if (status === 0 && stdout.includes('at UDP port 4789')) return stdout;
      throw new Error(`${stdout}${stderr}`);
    },
    { what: 'a doctor that finds nothing wrong', timeoutMs: 60_000, everyMs: 1_000 },
  );
  expect(said).toContain('TCP port 4790 is open between all of 3 hosts, both ways');
  expect(said).toContain('pass between 3 hosts at UDP port 4789');
  expect(said, 'this kernel has no IPVS').toMatch(/! IPVS .*routing mesh/);
  expect(said).toContain('3 with Docker');
  for (const it of lab().hosts) {
    await until(async () => (await castnetLinks(it)).length === 0 || undefined, {
      what: `${it.name}: nothing left of the network that was made for it`,
      timeoutMs: 5_000,
    });
  }
});

it('a probe of a healthy network reaches every pair within 5 s and leaves nothing', async () => {
  await createNetwork(lab(), NET);
  for (const it of lab().hosts) await runContainer(it, { network: NET, name: `faults-${it.name}` });
  vni = await vniOf(lab(), NET);
  await settled(lab(), NET);
  const before = await Promise.all(lab().hosts.map(castnetLinks));

  // A busy machine may lose a packet, or take its time: one clean probe of some is wanted.
  const value = await until(
    async () => {
      const began = performance.now();
      const { status, value } = await probe(host('h1'));
      const took = performance.now() - began;
      if (status === 0 && value.findings.length === 0 && took < 5_000) return value;
      throw new Error(`status ${status} after ${took} ms: ${JSON.stringify(value.findings)}`);
    },
    { what: 'a probe that reaches every pair', timeoutMs: 40_000 },
  );
  expect(value.pairs).toHaveLength(6);
  for (const pair of value.pairs) {
    expect(pair).toMatchObject({ reached: true, loss: 0, pathMtu: 1450 });
    expect(pair.p50).toBeLessThanOrEqual(pair.p99 as number);
    for (const kind of Object.values(pair.kinds)) expect(kind.heard).toBe(kind.sent);
  }
  await settled(lab(), NET);
  expect(await Promise.all(lab().hosts.map(castnetLinks))).toEqual(before);
});

it('an agent that is killed in the middle of a probe leaves nothing of it', async () => {
  const before = await castnetLinks(host('h2'));
  const pid = String(await agentPid(host('h2')));
  const asked = probe(host('h1'));
  await until(async () => (await castnetLinks(host('h2'))).length > before.length || undefined, {
    what: 'the endpoint on host 2',
    timeoutMs: 10_000,
    everyMs: 10,
  });
  await host('h2').exec(['kill', '-KILL', pid]);
  const { status, value } = await asked;
  expect(status).toBe(1);
  expect(value.hosts.filter((it) => it.took === 'part')).toHaveLength(2);
  await until(async () => (await castnetLinks(host('h2'))).join() === before.join() || undefined, {
    what: 'host 2 as it was before',
    timeoutMs: 20_000,
  });
  await mended();
});

it('status, peers, networks, endpoints, groups, services and plan say all is well', async () => {
  const times: number[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const began = performance.now();
    const { status, stdout } = await castnetOn(host('h1'), ['status']);
    times.push(performance.now() - began);
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('peers\t2 established, 2 expected by Docker');
    expect(stdout, 'no colour in a pipe').not.toContain('\u001b');
  }
  // Some 60 ms on an idle machine; this one may be busy, and entering the host takes its time too.
  expect(Math.min(...times)).toBeLessThan(600);
  for (const command of ['status', 'peers', 'networks', 'plan', 'groups', 'services'] as const) {
    const { status } = await castnetJson(host('h1'), command);
    expect(status, command).toBe(0);
  }
  const { value } = await castnetJson(host('h1'), 'endpoints', NET);
  expect(value.endpoints).toMatchObject([{ network: NET, container: 'faults-h1' }]);
});

it('plan names what a person changed in the kernel, and why it will be put back', async () => {
  const { address } = host('h2');
  const fdb = (verb: string) =>
    inCastnet(host('h1'), [
      ...['bridge', 'fdb', verb, '00:00:00:00:00:00', 'dev', `cx${vni}`],
      ...['dst', address, 'self'],
    ]).catch(() => {});
  mend = () => fdb('append');
  const { status, value } = await until(
    async () => {
      // Each time: the agent may have put it right meanwhile.
      await fdb('del');
      const planned = await castnetJson(host('h1'), 'plan');
      return planned.status === 1 ? planned : undefined;
    },
    { what: 'a plan that names something', timeoutMs: 20_000 },
  );
  expect(value.steps).toEqual([
    `add: frames for 00:00:00:00:00:00 on cx${vni} are copied to host ${address}, because host ${address} takes part in the network`,
  ]);
  expect(status).toBe(1);
  await mended();
});

it('names UDP 4789 that is dropped from host 2 to host 3 only', async () => {
  const [from, to] = [host('h2').address, host('h3').address];
  await drop(host('h3'), `ip saddr ${from} udp dport 4789`);
  let pairs: readonly ProbePair[] = [];
  const error = await errorTold('udp-blocked', async () => {
    const { status, value } = await probe(host('h1'));
    expect(status).toBe(1);
    pairs = value.pairs;
    return value.findings;
  });
  expect(error.what).toContain(`UDP port 4789 is blocked from ${from} to ${to}`);
  expect(error.what).toContain(`packets from ${to} reach ${from}`);
  const broken = pairs.filter((it) => !it.reached).map((it) => `${it.from} ${it.to}`);
  expect(broken).toEqual([`${from} ${to}`]);
  await mended();
});

it('names a closed TCP port', async () => {
  const to = host('h3').address;
  await drop(host('h3'), 'tcp dport 4790');
  const error = await errorTold('tcp-blocked', probed);
  expect(error.what).toContain(`TCP port 4790 is blocked from ${host('h1').address} to ${to}`);
  await mended();
});

it('names the interface whose MTU is too small', async () => {
  const { address } = host('h2');
  const setMtu = (mtu: number) =>
    host('h2').exec(['ip', 'link', 'set', 'dev', 'eth0', 'mtu', String(mtu)]);
  mend = () => setMtu(1500);
  await setMtu(1400);
  const error = await errorTold('mtu', probed);
  expect(error.what).toContain(
    `interface eth0 of host ${address} has MTU 1400, and 1500 is needed`,
  );
  expect(error.remedy).toContain(`on ${address}: ip link set dev eth0 mtu 1500`);
  const { value } = await probe(host('h1'));
  const narrow = value.pairs.find((it) => it.to === address);
  expect(narrow?.pathMtu, 'of what arrives at host 2').toBeLessThan(1400);
  await mended();
});

it('names a bridge without querier', async () => {
  const { address } = host('h2');
  const querier = (state: string) =>
    inCastnet(host('h2'), [
      ...['ip', 'link', 'set', `cb${vni}`, 'type', 'bridge'],
      ...['mcast_querier', state],
    ]);
  mend = () => querier('1');
  const error = await errorTold('querier', async () => {
    // Each time: the agent may have put it right meanwhile.
    await querier('0');
    return probed();
  });
  expect(error.what).toContain(`the bridge cb${vni} of host ${address} has no querier`);
  await mended();
});

it('names a container without its route for multicast', async () => {
  const inspect = ['docker', 'inspect', '-f', '{{.State.Pid}}', 'faults-h2'];
  const pid = (await host('h2').exec(inspect)).stdout.trim();
  const route = (...argv: string[]) =>
    host('h2').exec(['nsenter', '-n', '-t', pid, 'ip', 'route', ...argv]);
  mend = () => route('add', '224.0.0.0/4', 'dev', 'eth0');
  await route('del', '224.0.0.0/4');
  const error = await errorTold('multicast-route', examined);
  expect(error.what).toContain('container faults-h2');
  expect(error.what).toContain(`on host ${host('h2').address} has no route for 224.0.0.0/4`);
  expect(error.remedy).toContain('ip route add 224.0.0.0/4 dev eth0');
  await mended();
});

it('names a VXLAN device of another program with a network’s VNI', async () => {
  mend = () => host('h3').exec(['ip', 'link', 'del', 'foreign0']);
  const taken = '8123456';
  const device = ['type', 'vxlan', 'id', taken, 'dstport', '4789', 'local', host('h3').address];
  await host('h3').exec(['ip', 'link', 'add', 'foreign0', ...device]);
  await createNetwork(lab(), 'taken', ['--opt', `vni=${taken}`]);
  const error = await errorTold('vni-conflict', examined);
  await host('h1').docker(['network', 'rm', 'taken']);
  expect(error.what).toContain(`VXLAN device foreign0 of host ${host('h3').address}`);
  expect(error.what).toContain(`VNI ${taken}, which is that of network taken`);
  await mended();
});

it('names a container that Docker was to start again and gave up', async () => {
  const h1 = host('h1');
  mend = async () => {
    await h1.docker(['rm', '-f', 'givenup', 'last']);
    await removeNetwork(lab(), 'full');
  };
  // Of two addresses the network's gateway has one, and the other is taken: Swarm never lets one more
  // container in. With an address that cannot be, Engines from 28 on refuse it themselves, at once;
  // they also make its process before they ask Swarm, so its program must be there.
  await createNetwork(lab(), 'full', ['--subnet', '10.67.0.0/30']);
  await runContainer(h1, { network: 'full', name: 'last' });
  const args = ['--restart', 'always', '--network', 'full'];
  const run = h1.docker(['run', '-d', '--name', 'givenup', ...args, ...RUN_MOUNTS, IMAGE]);
  await expect(run).rejects.toThrow(UNATTACHED);
  const finding = (await examined()).find((it) => it.code === 'not-started');
  expect(finding?.what).toContain('the container givenup on network full');
  expect(finding?.remedy).toBe('docker start givenup');
});

it('names an agent that is stopped', async () => {
  const { address } = host('h3');
  const pid = String(await agentPid(host('h3')));
  mend = () => host('h3').exec(['kill', '-CONT', pid]);
  await host('h3').exec(['kill', '-STOP', pid]);
  expect(await errorTold('agent-mute', probed)).toMatchObject({ host: address });
  const findings = await examined();
  expect(findings).toContainEqual(expect.objectContaining({ code: 'agent-mute', host: address }));
  const own = await castnetOn(host('h3'), ['status']);
  expect(own.status).toBe(1);
  expect(own.stderr).toMatch(/does not answer: it is stopped or too busy\n.*castnet doctor/);
  await mended();
});

it('an Engine that stands still is told by status and doctor of its host, until it answers again', async () => {
  mend = () => host('h3').killEngine('SIGCONT');
  await host('h3').killEngine('SIGSTOP');
  const said = await statusNames(host('h3'), 'Docker does not answer the agent');
  expect(said).toMatch(/docker info; systemctl status docker/);
  const doctor = await castnetJson(host('h3'), 'doctor');
  expect(doctor.status).toBe(1);
  const [engine] = doctor.value.checks.filter((it) => it.name === 'Docker Engine');
  expect(engine?.detail).toMatch(/no answer within 20 s/);
  const names = doctor.value.checks.map((it) => it.name);
  expect(names, 'what is looked at without Docker').toEqual(
    expect.arrayContaining(['Sessions', 'Needs', 'Clocks']),
  );
  await mend();
  mend = undefined;
  await statusIsWell(host('h3'));
});

it('names a plugin that is disabled; on that host doctor works without it', async () => {
  const { address } = host('h3');
  mend = () => host('h3').docker(['plugin', 'enable', 'castnet:latest']);
  await host('h3').docker(['plugin', 'disable', '-f', 'castnet:latest']);
  expect(await errorTold('agent-down', probed)).toMatchObject({ host: address });
  const elsewhere = await examined();
  expect(elsewhere).toContainEqual(expect.objectContaining({ code: 'agent-down', host: address }));
  const here = await castnetJson(host('h3'), 'doctor');
  expect(here.status).toBe(1);
  const codes = here.value.checks.flatMap((it) => it.findings.map((one) => one.code));
  expect(codes).toContain('plugin-missing');
  const names = here.value.checks.map((it) => it.name);
  expect(names, 'what is looked at without an agent').toEqual(
    expect.arrayContaining(['Sessions', 'Certificates', 'VNIs', 'Multicast routes']),
  );
  await mended();
});

it('who has no rights, or mistypes, gets an answer that helps and no stack trace', async () => {
  const stack = /\n\s+at .*:\d+:\d+/;
  const nobody = await castnetOn(host('h1'), ['status'], { as: 65_534 });
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toContain('sudo castnet');
  const typo = await castnetOn(host('h1'), ['stauts']);
  expect(typo.status).toBe(2);
  expect(typo.stderr).toContain('Did you mean status?');
  const none = await castnetOn(host('h1'), []);
  expect(none.status).toBe(0);
  expect(none.stdout).toContain('Commands:');
  const unknown = await castnetOn(host('h1'), ['probe', 'nonet']);
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toContain('this host has no castnet network "nonet" (it has: faults)');
  const doctored = await castnetOn(host('h1'), ['doctor'], { as: 65_534 });
  expect(doctored.status).toBe(1);
  expect(doctored.stdout).toContain('sudo castnet');
  for (const it of [nobody, typo, none, unknown, doctored]) expect(it.stderr).not.toMatch(stack);
});

it('the log says each change with its reason, and its level is set while the agent runs', async () => {
  const [change] = await agentLog(host('h1'), 'forwarding changed');
  expect(change).toMatch(/level=info msg=.*forwarding changed.* step=.* because=/);
  expect((await castnetOn(host('h1'), ['log-level', 'debug'])).stdout).toBe('debug\n');
  expect((await castnetOn(host('h1'), ['log-level'])).stdout).toBe('debug\n');
  await until(async () => (await agentLog(host('h1'), 'log level set'))[0], {
    what: 'a line about the log level',
    timeoutMs: 5_000,
  });
  const wrong = await castnetOn(host('h1'), ['log-level', 'loud']);
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('Accepted are: trace, debug, info');
  await castnetOn(host('h1'), ['log-level', 'info']);
});

it('names a certificate that expired', async () => {
  const { node } = await hostReport(host('h3'));
  const cluster = (await host('h1').api<{ ID: string }>('GET', '/swarm')).ID;
  const ca = testSwarm(cluster);
  const certificates = inHost(host('h3'), '/var/lib/docker/swarm/certificates');
  const files = ['swarm-node.crt', 'swarm-node.key'];
  try {
    const made = ca.node(node ?? '', { expired: true });
    const root = [
      '--ca-cert',
      join(dirname(made), 'ca.crt'),
      '--ca-key',
      join(dirname(made), 'ca.key'),
    ];
    await host('h1').docker(['swarm', 'ca', '--rotate', '--quiet', ...root], { timeoutMs: 60_000 });
    const before = files.map((it) => readFileSync(join(certificates, it)));
    mend = async () => {
      files.forEach((it, index) => {
        writeFileSync(join(certificates, it), before[index] as Buffer);
      });
    };
    for (const it of files) copyFileSync(join(made, it), join(certificates, it));
    const error = await until(
      async () => {
        // The agent reads changed certificates within ten seconds.
        return (await examined()).find((it) => it.code === 'certificate-expired');
      },
      { what: 'a finding about the certificate', timeoutMs: 30_000, everyMs: 500 },
    );
    expect(error).toMatchObject({ severity: 'error', host: host('h3').address });
    expect(error.what).toContain('expired');
    const status = await castnetOn(host('h3'), ['status']);
    expect(status.status).toBe(1);
    expect(status.stdout).toContain(`host ${host('h3').address} expired on`);
    await mended();
  } finally {
    ca.remove();
  }
});

it('names an Engine that keeps its containers’ namespaces where the agent cannot see them', async () => {
  const h3 = host('h3');
  const file = inHost(h3, '/run/lab/daemon.json');
  const before = readFileSync(file, 'utf8');
  const restart = async (config: string): Promise<void> => {
    writeFileSync(file, config);
    await h3.killEngine('SIGTERM');
    await h3.startEngine();
    await h3.waitEngine();
  };
  mend = async () => {
    await h3.docker(['rm', '-f', 'unseen']).catch(() => {});
    await restart(before);
    await removeNetwork(lab(), 'unseen');
  };
  await createNetwork(lab(), 'unseen');
  await restart(JSON.stringify({ ...JSON.parse(before), 'exec-root': '/var/lib/docker-run' }));
  await runContainer(h3, { network: 'unseen', name: 'unseen' });
  const said = await statusNames(h3, 'by its virtual IP');
  expect(said).toContain('take --exec-root from dockerd’s options and daemon.json');
  await mend();
  mend = undefined;
  await statusIsWell(host('h3'));
});
