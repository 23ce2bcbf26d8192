import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Stopping } from './stopping.ts';

class Process extends EventEmitter {
  readonly said: string[] = [];
  readonly ended = Promise.withResolvers<number>();
  readonly stderr = { write: (text: string) => this.said.push(text) };
  readonly exit = (status: number) => this.ended.resolve(status);
}

function stopping(): { process: Process; stopping: Stopping } {
  const process = new Process();
  const seen = process as unknown as ConstructorParameters<typeof Stopping>[0];
  return { process, stopping: new Stopping(seen) };
}

it.each(['SIGTERM', 'SIGINT'])('%s stops it in good order before it ends', async (signal) => {
  const { process, stopping: it } = stopping();
  const order: string[] = [];
  it.by(async (why) => void order.push(why));
  void process.ended.promise.then(() => order.push('ended'));
  process.emit(signal, signal);
  expect(await process.ended.promise).toBe(0);
  expect(order).toEqual([signal, 'ended']);
});

it('a second signal does not stop it twice', async () => {
  const { process, stopping: it } = stopping();
  let stops = 0;
  it.by(async () => void stops++);
  process.emit('SIGTERM', 'SIGTERM');
  process.emit('SIGTERM', 'SIGTERM');
  await process.ended.promise;
  expect(stops).toBe(1);
});

it('what fails while it stops is said, and it ends all the same', async () => {
  const { process, stopping: it } = stopping();
  it.by(() => Promise.reject(new Error('no such socket')));
  process.emit('SIGTERM', 'SIGTERM');
  expect(await process.ended.promise).toBe(1);
  expect(process.said.join('')).toMatch(/no such socket/);
});

it('the first process of a PID namespace ends at a signal before it was told how', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'stopping.ts'));
  const program = `const { Stopping } = await import(${module}); new Stopping(process);
    console.log('heard'); setInterval(() => {}, 1000);`;
  const namespaces = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const node = [process.execPath, '--input-type=module', '--eval', program];
  // A process group of its own: unshare itself takes no SIGTERM while it waits for its child.
  const child = spawn('unshare', [...namespaces, ...node], { detached: true });
  const kill = (signal: NodeJS.Signals) => process.kill(-(child.pid as number), signal);
  onTestFinished(() => void (child.exitCode === null && kill('SIGKILL')));
  await once(child.stdout, 'data');
  kill('SIGTERM');
  const [status] = await once(child, 'close');
  expect(status).toBe(0);
});
