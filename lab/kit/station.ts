/** The test's end of a station: a program in a container that hears and says packets. */
import { spawn } from 'node:child_process';
import type { LabHost } from '../lab.ts';
import { until } from '../run.ts';
import type { Heard, Say } from '../tools/station.ts';
import { NODE, NODE_IN_CONTAINER, STATION, STATION_IN_CONTAINER } from './containers.ts';
import { Driven } from './driven.ts';
import type { Container } from './stack.ts';

export type { Heard, Say };

export const PORT = 5000;

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
  readonly #program: Driven;

  private constructor(container: Container, program: Driven) {
    this.container = container;
    this.name = program.name;
    this.#program = program;
  }

  /** Starts a station in a container and waits until its port is open. */
  static async start(container: Container, options: StationOptions = {}): Promise<Station> {
    const { host, id } = container;
    const { port = PORT, family = 'udp4' } = options;
    const name = `${host.name}/${container.ip}`;
    const program = [...NODE_IN_CONTAINER, STATION_IN_CONTAINER, name];
    const argv = ['exec', '-i', id, ...program, String(port), family];
    const child = spawn('docker', argv, { env: host.dockerEnv(), stdio: 'pipe' });
    return new Station(container, await Driven.begin(name, child));
  }

  /** Starts a station on the host itself, which has this address on a network. */
  static async onHost(host: LabHost, ip: string): Promise<Station> {
    const name = `${host.name} itself/${ip}`.replaceAll(' ', '-');
    const child = host.spawn([NODE, STATION, name, String(PORT), 'udp4']);
    const container = { host, id: '', name: host.name, ip, mac: '' };
    return new Station(container, await Driven.begin(name, child));
  }

  async join(group: string, membership: Membership = {}): Promise<void> {
    await this.#program.ask('join', { group, ...membership });
  }

  async leave(group: string, membership: Membership = {}): Promise<void> {
    await this.#program.ask('leave', { group, ...membership });
  }

  /** How many routers its multicast may pass; 1 without it. */
  async ttl(hops: number): Promise<void> {
    await this.#program.ask('ttl', { hops });
  }

  /** The interface, by its address, that its multicast leaves by. */
  async sendBy(address: string): Promise<void> {
    await this.#program.ask('sendBy', { interface: address });
  }

  /** Says packets; the tag, by default the destination, tells them apart. */
  async say(say: Say): Promise<number> {
    return (await this.#program.ask('say', say)).sent as number;
  }

  /** Says packets until `stop` is called with the tag; `rate` in packets per second. */
  async stream(say: Omit<Say, 'count'> & { tag: string }): Promise<void> {
    await this.#program.ask('stream', say);
  }

  /** Ends a stream. @returns how many packets it said */
  async stop(tag: string): Promise<number> {
    return (await this.#program.ask('stop', { tag })).sent as number;
  }

  /** What was heard so far, with this tag if one is given. */
  async heard(tag?: string): Promise<Heard[]> {
    const all = (await this.#program.ask('heard')).heard as Heard[];
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

  resolve(name: string): Promise<string[]> {
    return this.#program.resolve(name);
  }

  /** Ends the program in the container. */
  close(): Promise<void> {
    return this.#program.close();
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
