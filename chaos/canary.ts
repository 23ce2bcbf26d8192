/** What betrays frames of a network on the links between the hosts, and the eye that looks for it. */
import { spawn } from 'node:child_process';
import { Tcpdump } from '../lab/kit/tcpdump.ts';
import { WordCount } from '../lab/kit/word-count.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import { labEnv, until } from '../lab/run.ts';

/** A network whose frames can be told. */
export type Canary = {
  /** In the payload of all that its containers say. */
  readonly word: string;
  /** Its subnet, of 24 bits. */
  readonly subnet: string;
};

/** How its addresses begin. */
export const prefixOf = ({ subnet }: Canary): string => subnet.replace(/\d+\/24$/, '');

export const KINDS = ['multicast', 'unicast', 'broadcast', 'ARP', 'ND', 'frame'] as const;

/** By kind, in how many packets it was seen. */
export type Seen = Record<(typeof KINDS)[number], number>;

/**
 * The bytes that are looked for. Docker's MACs have the address in them, so the begin of one is in every frame
 * of the network, whatever it carries: 40 bits, which a gigabyte of encrypted packets has once in a
 * thousand runs.
 */
export function bytesOf(canary: Canary): Record<(typeof KINDS)[number], Buffer> {
  const mac = Buffer.from([0x02, 0x42, ...prefixOf(canary).split('.').slice(0, 3).map(Number)]);
  const said = (kind: string): Buffer => Buffer.from(`${canary.word}-${kind}`);
  const before = (hex: string): Buffer => Buffer.concat([Buffer.from(hex, 'hex'), mac]);
  return {
    multicast: said('m'),
    unicast: said('u'),
    broadcast: said('b'),
    // An answer of ARP, from its hardware type to the sender's MAC; an advertisement's option with the MAC.
    ARP: before('0001080006040002'),
    ND: before('0201'),
    frame: mac,
  };
}

/** ping repeats it through its payload. */
const FENCE = 'c0ffee55c0ffee66c0ffee77c0ffee88';

/**
 * Looks at all that comes into the switch between the hosts, over whatever cable, so that no host's
 * reboot ends it: each packet once.
 */
export class Eye<Network extends string> {
  readonly #lab: Lab;
  readonly #networks: readonly Network[];
  readonly #count: WordCount;
  readonly #tcpdump: Tcpdump;
  #told = new Map<string, number>();

  private constructor(lab: Lab, canaries: Readonly<Record<Network, Canary>>) {
    this.#lab = lab;
    this.#networks = Object.keys(canaries) as Network[];
    const words = this.#networks.flatMap((network) =>
      Object.entries(bytesOf(canaries[network])).map(([kind, it]) => [`${network} ${kind}`, it]),
    );
    this.#count = new WordCount({
      ...(Object.fromEntries(words) as Record<string, Buffer>),
      fence: Buffer.from(FENCE, 'hex'),
    });
    const inSwitch = ['-t', String(lab.switchPid), '--net'];
    const place = {
      ...{ name: 'the switch', interface: 'any' },
      spawn: (argv: string[]) => spawn('nsenter', [...inSwitch, ...argv], { env: labEnv() }),
    };
    const size = ['-Q', 'in', '-s', '1600', '-B', '131072'];
    this.#tcpdump = new Tcpdump(place, size, (chunk) => this.#count.take(chunk));
  }

  static async open<Network extends string>(
    lab: Lab,
    canaries: Readonly<Record<Network, Canary>>,
  ): Promise<Eye<Network>> {
    const eye = new Eye(lab, canaries);
    await eye.#tcpdump.started();
    return eye;
  }

  /** What was seen since this was last asked, of each network. */
  async seen(): Promise<Record<Network, Seen>> {
    const fences = this.#count.of('fence');
    const [from, to] = this.#lab.hosts as [LabHost, LabHost];
    await until(
      async () => {
        await from.exec(['ping', '-c', '1', '-W', '1', '-p', FENCE, to.address]);
        return this.#count.of('fence') > fences || undefined;
      },
      { what: 'a ping through the switch', timeoutMs: 20_000 },
    );
    const since = (name: string): number => {
      const now = this.#count.of(name);
      const more = now - (this.#told.get(name) ?? 0);
      this.#told.set(name, now);
      return more;
    };
    const of = (network: Network): Seen =>
      Object.fromEntries(KINDS.map((kind) => [kind, since(`${network} ${kind}`)])) as Seen;
    return Object.fromEntries(this.#networks.map((it) => [it, of(it)])) as Record<Network, Seen>;
  }

  /** Errors: when the kernel dropped packets, so that nothing would be proved. */
  close(): Promise<void> {
    return this.#tcpdump.stop();
  }
}
