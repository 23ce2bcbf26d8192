/** The test's end of a station: a program in a container that hears and says packets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../run.ts';
import type { Heard, Say } from '../tools/station.ts';
import { NODE_IN_CONTAINER, STATION_IN_CONTAINER } from './containers.ts';
import type { Container } from './stack.ts';

export type { Heard, Say };

export const PORT = 5000;

/** Milliseconds in which a station must start, or answer. */
const PATIENCE_MS = 30_000;

type Answer = { id?: number; ready?: boolean; error?: string } & Record<string, unknown>;

export type Membership = {
  /** Only packets from this address are asked for. */
  source?: string;
  /** The interface's address, or for IPv6 `::%eth0`; else the kernel picks one. */
  interface?: string;
};

export type StationOptions = { port?: number; family?: 'udp4' | 'udp6' };

export class Station {
  readonly container: Container;
  readonly name: string;
  readonly #child: ChildProcess;
  /** Requests without an answer yet. */
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #complaint = '';
  #ended = false;
  #next = 0;

  private constructor(container: Container, name: string, child: ChildProcess) {
    this.container = container;
    this.name = name;
    this.#child = child;
  }

  /** Starts a station in a container and waits until its port is open. */
  static start(container: Container, options: StationOptions = {}): Promise<Station> {
    const { host, id } = container;
    const { port = PORT, family = 'udp4' } = options;
    const name = `${host.name}/${container.ip}`;
    const program = [...NODE_IN_CONTAINER, STATION_IN_CONTAINER, name];
    const argv = ['exec', '-i', id, ...program, String(port), family];
    const child = spawn('docker', argv, { env: host.dockerEnv(), stdio: 'pipe' });
    const station = new Station(container, name, child);
    return station.#begin();
  }

  async join(group: string, membership: Membership = {}): Promise<void> {
    await this.#ask('join', { group, ...membership });
  }

  async leave(group: string, membership: Membership = {}): Promise<void> {
    await this.#ask('leave', { group, ...membership });
  }

  /** How many routers its multicast may pass; 1 without it. */
  async ttl(hops: number): Promise<void> {
    await this.#ask('ttl', { hops });
  }

  /** The interface, by its address, that its multicast leaves by. */
  async sendBy(address: string): Promise<void> {
    await this.#ask('sendBy', { interface: address });
  }

  /** Says packets; the tag, by default the destination, tells them apart. */
  async say(say: Say): Promise<number> {
    return (await this.#ask('say', say)).sent as number;
  }

  /** Says packets until `stop` is called with the tag; `rate` in packets per second. */
  async stream(say: Omit<Say, 'count'> & { tag: string }): Promise<void> {
    await this.#ask('stream', say);
  }

  /** Ends a stream. @returns how many packets it said */
  async stop(tag: string): Promise<number> {
    return (await this.#ask('stop', { tag })).sent as number;
  }

  /** What was heard so far, with this tag if one is given. */
  async heard(tag?: string): Promise<Heard[]> {
    const all = (await this.#ask('heard')).heard as Heard[];
    return tag === undefined ? all : all.filter((it) => it.tag === tag);
  }

  /** Waits until this many packets of a sender came under a tag. */
  hears(
    from: Station,
    expected: { tag: string; count: number; withinMs?: number },
  ): Promise<Heard> {
    const { tag, count, withinMs = 10_000 } = expected;
    let last: Heard | undefined;
    return until(
      async () => {
        last = (await this.heard(tag)).find((it) => it.from === from.name);
        if ((last?.count ?? 0) >= count) return last;
        throw new Error(`${last?.count ?? 0} came, of numbers up to ${last?.last ?? 0}`);
      },
      { what: `${count} "${tag}" from ${from.name} at ${this.name}`, timeoutMs: withinMs },
    );
  }

  /** The addresses of a name, as any program in the container gets them. */
  async resolve(name: string): Promise<string[]> {
    return (await this.#ask('resolve', { name })).addresses as string[];
  }

  /** Ends the program in the container. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  }

  #begin(): Promise<Station> {
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('no pipes');
    stdin.on('error', () => {});
    stderr.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
    const ready = this.#expect(0, 'start');
    createInterface({ input: stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      const id = answer.ready ? 0 : (answer.id ?? -1);
      this.#waiting.get(id)?.(answer);
    });
    this.#child.once('close', (status) => {
      this.#ended = true;
      const error = `the station ended with status ${status}: ${this.#complaint.trim()}`;
      for (const give of this.#waiting.values()) give({ error });
    });
    return ready.then(() => this);
  }

  #ask(what: string, given: object = {}): Promise<Answer> {
    const id = ++this.#next;
    const answer = this.#expect(id, what);
    this.#child.stdin?.write(`${JSON.stringify({ ...given, id, do: what })}\n`);
    return answer;
  }

  #expect(id: number, what: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${this.name}, ${what}: ${why}`));
      if (this.#ended) return fail(`the station has ended: ${this.#complaint.trim()}`);
      const late = setTimeout(() => fail('no answer'), PATIENCE_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        this.#waiting.delete(id);
        if (answer.error === undefined) resolve(answer);
        else fail(answer.error);
      });
    });
  }
}

/** A station in each of these containers. */
export function startStations(
  containers: readonly Container[],
  options: StationOptions = {},
): Promise<Station[]> {
  return Promise.all(containers.map((container) => Station.start(container, options)));
}

export async function closeStations(stations: readonly Station[]): Promise<void> {
  await Promise.all(stations.map((station) => station.close()));
}
