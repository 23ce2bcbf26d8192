import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../system/run.ts';

/** Started, it has its interface within a tenth of a second, milliseconds. */
const START_MS = 5_000;
const LOOK_MS = 20;
const DEVICE = '/dev/net/tun';

/**
 * The program's threads take turns rather than interrupt each other at each packet (SCHED_BATCH, sched(7)):
 * they handle more packets at once, and carry up to twice as many. Where all processors are busy a packet may
 * wait for some milliseconds.
 */
const IN_BATCHES = ['chrt', '--batch', '0'] as const;

/**
 * `wireguard-go`, for a kernel without WireGuard: a process that carries each packet by a tun device. It
 * lives no longer than the agent, for a plugin's processes end with its first one; the device goes with it, so
 * that nothing of an encrypted network moves until the next agent is there.
 */
export class WireguardProgram {
  readonly #onEnd: (reason: string) => void;
  #child: ChildProcess | undefined;

  /** @param onEnd it ended though nobody asked for it */
  constructor(onEnd: (reason: string) => void) {
    this.#onEnd = onEnd;
  }

  /**
   * Starts it anew. Its interface is in this process's namespace then, and its UDP socket stays there.
   * @throws Error in its own words
   */
  async start(name: string): Promise<void> {
    await this.close();
    await this.#makeDevice();
    const [file, ...args] = [...IN_BATCHES, 'wireguard-go', '-f', name] as const;
    const child = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LOG_LEVEL: 'error', WG_PROCESS_FOREGROUND: '1' },
    });
    this.#child = child;
    let words = '';
    let ended: string | undefined;
    const end = (reason: string): void => {
      ended ??= words || reason;
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#onEnd(ended);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (status, signal) => end(`it ended with ${signal ?? `status ${status}`}`));
    if (child.stderr) {
      child.stderr.on('error', () => {});
      createInterface({ input: child.stderr }).on('line', (line) => {
        // Around its first lines it draws a box with advice.
        if (/ERROR|ailed/.test(line)) words = line.slice(0, 300);
      });
    }
    const until = performance.now() + START_MS;
    while (ended === undefined) {
      if ((await run(['wg', 'show', name, 'listen-port'])).status === 0) return;
      if (performance.now() > until) {
        await this.close();
        throw new Error(`wireguard-go has made no interface within ${START_MS} ms`);
      }
      await sleep(LOOK_MS);
    }
    throw new Error(`wireguard-go: ${ended}`);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Ends it, and waits for that. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('close', () => resolve());
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
    await promise;
    clearTimeout(timer);
  }

  /** A plugin has no devices but those that every container has; this one it may make and use. */
  async #makeDevice(): Promise<void> {
    if (existsSync(DEVICE)) return;
    mkdirSync('/dev/net', { recursive: true });
    const { status, stderr } = await run(['mknod', '-m', '600', DEVICE, 'c', '10', '200']);
    if (status !== 0) throw new Error(`${DEVICE} cannot be made: ${stderr.trim()}`);
  }
}
