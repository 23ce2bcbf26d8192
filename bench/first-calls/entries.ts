/** When a host's kernel took the entries that lead to a container, as the kernel itself tells. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LabHost } from '../../lab/lab.ts';

const NAMESPACE = ['nsenter', '--net=/run/netns/castnet'];

/** Follows the forwarding tables of one host. */
export class EntryWatch {
  readonly host: LabHost;
  readonly #child: ChildProcess;
  /** Milliseconds since 1970, by MAC; of several entries the last one. */
  readonly #at = new Map<string, number>();

  constructor(host: LabHost) {
    this.host = host;
    const monitor = ['stdbuf', '-oL', 'bridge', '-timestamp', 'monitor', 'fdb'];
    this.#child = host.spawn([...NAMESPACE, ...monitor]);
    this.#child.stderr?.resume();
    let now = 0;
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [, time, micros] = /^Timestamp: (.*) (\d+) usec$/.exec(line) ?? [];
      if (time !== undefined) now = Date.parse(time) + Number(micros) / 1000;
      const [, gone, mac = ''] = /^(Deleted )?(\S+) dev c/.exec(line) ?? [];
      if (mac !== '' && gone === undefined) this.#at.set(mac, now);
    });
  }

  /** When the last entry for a MAC came, milliseconds since 1970. */
  cameAt(mac: string): number | undefined {
    return this.#at.get(mac);
  }

  close(): void {
    this.#child.kill();
  }
}
