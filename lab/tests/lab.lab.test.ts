/** The commands of the lab: side by side, interrupted, and gone without a trace. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { leftovers, watchLinks } from '../kit/leftovers.ts';
import { listLabs, openLab } from '../lab.ts';
import { labBase, labDirectory } from '../plan.ts';
import { until } from '../run.ts';
import { castnet, castnetSays, startCastnet } from './support/command.ts';
import { labName } from './support/lab.ts';

/** The suite may run on another. */
const ENGINE = process.env.CASTNET_LAB_ENGINE ?? 'own';

const ONE = labName('one');
const TWO = labName('two');
const CUT = labName('cut');

const directory = (name: string): string => labDirectory(labBase(process.env), name);

afterAll(async () => {
  for (const name of [ONE, TWO, CUT]) await castnet('lab', 'down', '--name', name);
});

it('two labs come up side by side, with the same addresses, and do not reach each other', async () => {
  await Promise.all([
    castnetSays('lab', 'up', '--name', ONE, '--hosts', '1'),
    castnetSays('lab', 'up', '--name', TWO, '--hosts', '2'),
  ]);
  const one = await openLab(ONE);
  const two = await openLab(TWO);
  const node = async (name: string, lab: typeof one) =>
    (await lab.host(name).api<{ Swarm: { NodeID: string; Nodes: number } }>('GET', '/info')).Swarm;
  expect((await node('h1', one)).Nodes).toBe(1);
  expect((await node('h1', two)).Nodes).toBe(2);
  expect(one.host('h1').address).toBe(two.host('h1').address);
  // The only 10.99.0.2 that answers is the one of the own lab, and `one` has none.
  const ask = ['sh', '-c', 'exec 3<>/dev/tcp/10.99.0.2/2377'];
  const dial = ['bash', ...ask.slice(1)];
  expect((await two.host('h1').exec(dial, { timeoutMs: 10_000 })).status).toBe(0);
  expect((await one.host('h1').exec(dial, { timeoutMs: 10_000 })).status).not.toBe(0);
});

it('lab ls --json lists each lab with name, address, socket and role of its hosts', async () => {
  const all = JSON.parse(await castnetSays('lab', 'ls', '--json')) as { name: string }[];
  const socket = (host: string): string => `${directory(TWO)}/${host}/docker.sock`;
  expect(all.find((it) => it.name === TWO)).toEqual({
    name: TWO,
    hosts: [
      { name: 'h1', address: '10.99.0.1', socket: socket('h1'), role: 'manager', engine: ENGINE },
      { name: 'h2', address: '10.99.0.2', socket: socket('h2'), role: 'manager', engine: ENGINE },
    ],
  });
  expect(all.map((it) => it.name)).toContain(ONE);
});

it('lab docker, lab exec and lab socket reach the host that they name', async () => {
  const format = ['info', '--format', '{{.Name}}'];
  const docker = await castnetSays('lab', 'docker', '--name', TWO, 'h2', '--', ...format);
  expect(docker.trim()).toBe(`${TWO}-h2`);
  const exec = await castnetSays('lab', 'exec', '--name', TWO, 'h2', '--', 'ip', 'address');
  expect(exec).toContain('10.99.0.2/24');
  const socket = await castnetSays('lab', 'socket', '--name', TWO, 'h2');
  expect(socket.trim()).toBe(`${directory(TWO)}/h2/docker.sock`);
  expect(
    (await castnet('lab', 'exec', '--name', TWO, 'h2', '--', 'sh', '-c', 'exit 7')).status,
  ).toBe(7);
});

it('a host that is not there is answered with the names there are', async () => {
  const { status, stderr } = await castnet('lab', 'socket', '--name', TWO, 'h9');
  expect(status).toBe(1);
  expect(stderr).toMatch(/no host "h9"[\s\S]*h1, h2/);
  expect(stderr).not.toMatch(/\n\s+at /);
});

it('a second lab up of the same name is refused and leaves the first alone', async () => {
  const { status, stdout, stderr } = await castnet('lab', 'up', '--name', ONE, '--hosts', '1');
  expect(status).toBe(1);
  expect(stdout + stderr).toContain(`lab down --name ${ONE}`);
  await (await openLab(ONE)).host('h1').docker(['version']);
});

it('lab down leaves nothing of a lab with running containers, and the other lab running', async () => {
  const two = await openLab(TWO);
  const dir = dirname(dirname(two.host('h1').socket));
  await two.host('h1').docker(['network', 'create', '-d', 'castnet:latest', '--attachable', 'net']);
  await castnetSays('lab', 'down', '--name', TWO);
  expect(await leftovers(dir)).toEqual([]);
  await (await openLab(ONE)).host('h1').docker(['version']);
  await castnetSays('lab', 'down', '--name', ONE);
  expect(await leftovers(directory(ONE))).toEqual([]);
  const names = (await listLabs()).map((it) => it.name);
  expect(names).not.toContain(ONE);
  expect(names).not.toContain(TWO);
});

it('lab down of a lab that is not there is no error', async () => {
  expect(await castnetSays('lab', 'down', '--name', TWO)).toContain('there was no lab');
});

it('lab up that is interrupted takes down what it made', async () => {
  const newLinks = await watchLinks();
  const { child, line, ended } = startCastnet('lab', 'up', '--name', CUT);
  await line(/hosts and the network between them are made/);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await leftovers(directory(CUT))).toEqual([]);
  expect(await newLinks()).toEqual([]);
});

it('lab up that is killed leaves parts, which lab ls shows and lab down removes', async () => {
  const { child, ended } = startCastnet('lab', 'up', '--name', CUT);
  await until(async () => existsSync(`${directory(CUT)}/h1/engine.pid`) || undefined, {
    what: 'the first Engine',
    timeoutMs: 60_000,
    everyMs: 5,
  });
  child.kill('SIGKILL');
  await ended;
  expect(JSON.parse(await castnetSays('lab', 'ls', '--json'))).toContainEqual(
    expect.objectContaining({ name: CUT }),
  );
  await castnetSays('lab', 'down', '--name', CUT);
  expect(await leftovers(directory(CUT))).toEqual([]);
});
