import type { DeviceCount, HostFlows, HostTraffic } from '../../contract/answers.ts';

const NOTHING = { receivedBytes: 0, receivedPackets: 0, sentBytes: 0 };

/** What one host counted between two looks; every rate is 0 where there is no earlier one. */
export class Span {
  readonly #before: HostTraffic | undefined;
  readonly #now: HostTraffic;
  readonly #seconds: number;
  readonly #devices: ReadonlyMap<string, DeviceCount>;
  readonly #earlier: ReadonlyMap<string, DeviceCount>;

  constructor(before: HostTraffic | undefined, now: HostTraffic) {
    // An agent that was started anew counts time from 0 again.
    this.#before = before !== undefined && before.at < now.at ? before : undefined;
    this.#now = now;
    this.#seconds = (now.at - (this.#before?.at ?? 0)) / 1000;
    this.#devices = byName(now);
    this.#earlier = byName(this.#before);
  }

  /** Per second. */
  device(dev: string): typeof NOTHING {
    const now = this.#devices.get(dev);
    const was = this.#earlier.get(dev);
    if (now === undefined || was === undefined) return NOTHING;
    const rate = (field: keyof typeof NOTHING) => this.#rate(now[field], was[field]);
    return {
      receivedBytes: rate('receivedBytes'),
      receivedPackets: rate('receivedPackets'),
      sentBytes: rate('sentBytes'),
    };
  }

  /** Packets a second that a network's settings made the host drop. */
  dropped(vni: number): number {
    const of = (it: HostTraffic | undefined) => it?.dropped.find((one) => one.vni === vni)?.packets;
    const [now, was] = [of(this.#now), of(this.#before)];
    return now === undefined || was === undefined ? 0 : this.#rate(now, was);
  }

  /** In the form of a measurement of so many seconds. */
  flows(host: string): HostFlows {
    if (this.#before === undefined) return { host, seconds: 1, flows: [] };
    const key = (it: HostTraffic['flows'][number]) => `${it.port} ${it.source} ${it.group}`;
    const earlier = new Map(this.#before.flows.map((it) => [key(it), it]));
    const flows = this.#now.flows.flatMap((it) => {
      const was = earlier.get(key(it));
      // A counter that is new, or began anew, says what came since then.
      const fresh = was === undefined || was.packets > it.packets;
      const packets = it.packets - (fresh ? 0 : was.packets);
      const bytes = it.bytes - (fresh ? 0 : was.bytes);
      return packets > 0 ? [{ ...it, packets, bytes }] : [];
    });
    return { host, seconds: this.#seconds, flows };
  }

  #rate(now: number, was: number): number {
    return Math.max(0, Math.round((now - was) / this.#seconds));
  }
}

const byName = (it: HostTraffic | undefined) => new Map(it?.devices.map((one) => [one.dev, one]));
