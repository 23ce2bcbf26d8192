import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Burst, type Wire } from './burst.ts';
import { decode, encode, HEADER } from './packet.ts';
import { findPathMtu } from './path-mtu.ts';

describe('packets', () => {
  it('are read as they were written, at any size', () => {
    const kinds = ['unicast', 'multicast', 'broadcast', 'large', 'size', 'size-echo'] as const;
    fc.assert(
      fc.property(
        fc.nat(0xffff_ffff),
        fc.constantFrom(...kinds),
        fc.nat(0xffff_ffff),
        fc.nat(9000),
        (run, kind, number, size) => {
          const bytes = encode({ run, kind, number }, size);
          expect(bytes).toHaveLength(Math.max(HEADER, size));
          expect(decode(bytes)).toEqual({ run, kind, number });
        },
      ),
    );
  });

  it('nothing else is taken for one, and nothing makes the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        fc.pre(Buffer.from(bytes).toString('latin1', 0, 4) !== 'CNP1');
        expect(decode(Buffer.from(bytes))).toBeUndefined();
      }),
    );
  });
});

describe('the path MTU', () => {
  it('is found exactly, whatever it is, in at most four rounds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 576, max: 65_535 }),
        fc.nat(70_000),
        async (most, real) => {
          let rounds = 0;
          const attempt = async (sizes: readonly number[]) => {
            rounds += 1;
            return new Set(sizes.filter((it) => it <= real));
          };
          const found = await findPathMtu({ least: 576, most, attempt });
          expect(found).toBe(Math.max(576, Math.min(most, real)));
          expect(rounds).toBeLessThanOrEqual(5);
        },
      ),
    );
  });
});

/** Some bursts on a wire in memory; `drops` says what is lost. */
function field(ips: string[], drops: (way: { from: string; to: string; size: number }) => boolean) {
  const takers = new Map<string, (bytes: Buffer, from: string) => void>();
  const wire = (own: string): Wire => ({
    send(bytes, to) {
      const everyone = to === '255.255.255.255' || to.startsWith('239.');
      for (const ip of everyone ? ips.filter((it) => it !== own) : [to]) {
        if (drops({ from: own, to: ip, size: bytes.length + 28 })) continue;
        queueMicrotask(() => takers.get(ip)?.(bytes, own));
      }
    },
    onMessage: (take) => takers.set(own, take),
  });
  let time = 0;
  const options = {
    ...{ run: 7, group: '239.198.18.18' as string | undefined },
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return ips.map((ip) => ({ ip, mtu: 1450, burst: new Burst({ ...options, wire: wire(ip) }) }));
}

describe('a burst', () => {
  const IPS = ['198.18.0.1', '198.18.0.2', '198.18.0.3'];
  const others = (all: ReturnType<typeof field>, own: string) => all.filter((it) => it.ip !== own);

  it('reaches everyone with everything where nothing is lost', async () => {
    const all = field(IPS, () => false);
    const sent = await Promise.all(all.map((it) => it.burst.send(others(all, it.ip), 1450)));
    for (const { burst, ip } of all) {
      for (const other of others(all, ip)) expect(burst.heard()[other.ip]).toEqual(sent[0]?.sent);
    }
    expect(sent[0]?.ways[IPS[1] as string]).toMatchObject({
      pathMtu: 1450,
      p50: expect.any(Number),
    });
  });

  it('tells one direction that is blocked from the other', async () => {
    const all = field(IPS, ({ from, to }) => from === IPS[1] && to === IPS[2]);
    const sent = await Promise.all(all.map((it) => it.burst.send(others(all, it.ip), 1450)));
    expect(all[2]?.burst.heard()[IPS[1] as string]).toBeUndefined();
    expect(all[1]?.burst.heard()[IPS[2] as string]).toEqual(sent[0]?.sent);
    // No answer comes back over a blocked way, so nothing can be said of it.
    expect(sent[2]?.ways[IPS[1] as string]).toEqual({});
  });

  it('finds how large packets may be', async () => {
    const all = field(IPS, ({ to, size }) => to === IPS[1] && size > 1354);
    const sent = await Promise.all(all.map((it) => it.burst.send(others(all, it.ip), 1450)));
    expect(sent[0]?.ways[IPS[1] as string]?.pathMtu).toBe(1354);
    expect(sent[0]?.ways[IPS[2] as string]?.pathMtu).toBe(1450);
  });

  it('takes no notice of another run, and keeps a bound on senders', () => {
    const wire: { take?: (bytes: Buffer, from: string) => void } = {};
    const burst = new Burst({
      ...{ run: 7, group: undefined, now: () => 0, sleep: async () => {} },
      wire: { send() {}, onMessage: (take) => Object.assign(wire, { take }) },
    });
    wire.take?.(encode({ run: 8, kind: 'unicast', number: 0 }), '198.18.0.9');
    expect(burst.heard()).toEqual({});
    for (let n = 0; n < 3000; n++) {
      wire.take?.(encode({ run: 7, kind: 'unicast', number: 1 }), `198.18.${n >> 8}.${n & 255}`);
    }
    expect(Object.keys(burst.heard()).length).toBeLessThanOrEqual(1024);
  });
});
