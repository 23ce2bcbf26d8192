/** When a host's kernel led to a container, as the kernel itself tells. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LabHost } from '../../lab/lab.ts';

const NAMESPACE = ['nsenter', '--net=/run/netns/castnet'];

/** Follows the forwarding tables and the bridge ports of one host. */
export class EntryWatch {
  readonly host: LabHost;
  readonly #children: ChildProcess[];
  /** Milliseconds since 1970, by MAC; of several entries the last one. */
  readonly #entries = new Map<string, number>();
  /** The port of each container of this host, by MAC. */
  readonly #ports = new Map<string, string>();
  /** Since when each port forwards, the same. */
  readonly #forwarding = new Map<string, number>();

  constructor(host: LabHost) {
    this.host = host;
    this.#children = [
      this.#follow('fdb', (line, now) => {
        const [, gone, mac = '', dev = ''] = /^(Deleted )?(\S+) dev (c\S+)/.exec(line) ?? [];
        if (mac === '' || gone !== undefined) return;
        this.#entries.set(mac, now);
        if (dev.startsWith('cv')) this.#ports.set(mac, dev);
      }),
      this.#follow('link', (line, now) => {
        const [, dev = '', state] = /^\d+: (cv[^:@]+).* state (\S+)/.exec(line) ?? [];
        if (state === 'forwarding' && !this.#forwarding.has(dev)) this.#forwarding.set(dev, now);
      }),
    ];
  }

  /**
   * Since when all is there that leads to a MAC, milliseconds since 1970; undefined while some of it is
   * missing. On the container's own host its port must forward too.
   */
  cameAt(mac: string): number | undefined {
    const entry = this.#entries.get(mac);
    const port = this.#ports.get(mac);
    if (entry === undefined || port === undefined) return entry;
    const forwarding = this.#forwarding.get(port);
    return forwarding && Math.max(entry, forwarding);
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }

  #follow(what: 'fdb' | 'link', onLine: (line: string, now: number) => void): ChildProcess {
    const monitor = ['stdbuf', '-oL', 'bridge', '-timestamp', 'monitor', what];
    const child = this.host.spawn([...NAMESPACE, ...monitor]);
    child.stderr?.resume();
    let now = 0;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [, time, micros] = /^Timestamp: (.*) (\d+) usec$/.exec(line) ?? [];
      if (time === undefined) onLine(line, now);
      else now = Date.parse(time) + Number(micros) / 1000;
    });
    return child;
  }
}
