/** What a host sends into the tunnels, seen on its underlay interface; of encrypted networks before that. */
import type { Station } from '../../kit/station.ts';
import { Tcpdump } from '../../kit/tcpdump.ts';
import type { LabHost } from '../../lab.ts';
import { until } from '../../run.ts';
import { tunnelsSeen } from './network-kind.ts';
import { pcapReader, type TunnelFrame } from './pcap.ts';

export class Capture {
  readonly host: LabHost;
  /** Frames that the host sent, oldest first; bounded by the length of a test. */
  readonly sent: TunnelFrame[] = [];
  readonly #tcpdump: Tcpdump;

  private constructor(host: LabHost) {
    this.host = host;
    // In immediate mode each packet takes a slot of the snapshot length in the buffer (KiB).
    const size = ['-s', '256', '-B', '16384'];
    const { place, before } = tunnelsSeen(host);
    const read = pcapReader(before);
    this.#tcpdump = new Tcpdump(place, [...size, 'udp port 4789'], (chunk) => {
      this.sent.push(...read(chunk).filter((frame) => frame.from === host.address));
    });
  }

  /** Starts tcpdump and waits until it sees packets. */
  static async start(host: LabHost): Promise<Capture> {
    const capture = new Capture(host);
    await capture.#tcpdump.started();
    return capture;
  }

  /** Copies of the packets under a tag that left for each host, by its address. */
  copies(tag: string): Record<string, number> {
    const count: Record<string, number> = {};
    for (const { to, text } of this.sent) {
      if (text.split(' ')[1] === tag) count[to] = (count[to] ?? 0) + 1;
    }
    return count;
  }

  /**
   * Waits until all that `from` has said is captured: it says one packet to each of these stations
   * on other hosts, and these leave after everything before.
   */
  async fence(from: Station, others: readonly Station[]): Promise<void> {
    const tag = `fence-${performance.now()}`;
    const away = others.filter((it) => it.container.host !== this.host);
    for (const it of away) await from.say({ to: it.container.ip, tag });
    for (const it of away) {
      const to = it.container.host.address;
      await until(async () => (this.copies(tag)[to] ?? 0) > 0 || undefined, {
        what: `the last packet to ${to} on the underlay`,
        timeoutMs: 10_000,
        everyMs: 10,
      });
    }
  }

  /** Ends tcpdump. Errors: when the kernel dropped packets, so that counts would be wrong. */
  stop(): Promise<void> {
    return this.#tcpdump.stop();
  }
}
