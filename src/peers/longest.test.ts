import { expect, it } from 'vitest';
import { HOST_GROUPS_MOST, HOST_SOURCES_MOST } from '../core/membership/policy.ts';
import type { EndpointRecord, GroupRecord, NetworkRecord } from '../core/records.ts';
import { MAX_LINE } from './limits.ts';
import { silentLog } from './log.ts';
import { Published } from './published.ts';
import { createPublisher } from './publisher.ts';
import { checkRecord } from './record-schema.ts';
import { encode } from './wire.ts';

/** Ports of a bridge without the tunnel's (Linux, net/bridge/br_private.h, BR_MAX_PORTS). */
const PORTS = 1023;

const hex = (n: number, width = 4): string => n.toString(16).padStart(width, '0');
const long6 = (prefix: string, n: number): string =>
  `${prefix}:aaaa:aaaa:aaaa:aaaa:aaaa:${hex(0xa000 + (n >> 12))}:${hex(0xa000 + (n & 0xfff))}`;

function longest(tag: string): NetworkRecord {
  const endpoints = Array.from(
    { length: PORTS },
    (_, n): EndpointRecord => ({
      id: hex(n, 64),
      ip: `100.100.1${hex(n).slice(0, 1)}0.1${10 + (n % 90)}`,
      ip6: long6('fd00', n),
      mac: `02:42:0a:00:${hex(n >> 8, 2)}:${hex(n & 255, 2)}`,
      // Docker's own bound of a service's name is 63.
      service: { name: `s${'x'.repeat(61)}${tag}`, vip: '100.100.100.100', serving: false },
    }),
  );
  const perGroup = HOST_SOURCES_MOST / 32;
  const groups = Array.from(
    { length: HOST_GROUPS_MOST },
    (_, n): GroupRecord => ({
      group: long6(`ff${tag}e`, n),
      mode: n < perGroup ? 'include' : 'exclude',
      sources:
        n < perGroup ? Array.from({ length: 32 }, (_, at) => long6('fd00', n * 32 + at)) : [],
    }),
  );
  return { vni: 16_777_215, endpoints, groups };
}

const record = (network: NetworkRecord) => ({
  ...{ node: 'n', tunnel: '10.9.0.1' },
  networks: new Map([['k7xq2m9v0c4bz8n1t5r3w6y2d', network]]),
});

it('the longest record that a host can have fits a message, and is taken', () => {
  const network = longest('0');
  expect(checkRecord(network).ok).toBe(true);
  const published = new Published('e'.repeat(36), '10.9.0.1');
  const [message] = published.update(record(network)).messages.values();
  expect(encode(message as NonNullable<typeof message>).length).toBeLessThan(MAX_LINE);
});

it('a change that is longer than the whole is told as the whole', () => {
  const written: string[] = [];
  const socket = {
    remoteAddress: '127.0.0.1',
    writableLength: 0,
    on(event: string, take: (bytes: Buffer) => void) {
      if (event === 'data') listeners.push(take);
      return this;
    },
    write: (text: string) => void written.push(text),
    destroy: () => {},
  };
  const listeners: ((bytes: Buffer) => void)[] = [];
  let connect: (socket: unknown) => void = () => {};
  const server = {
    on(event: string, take: (socket: unknown) => void) {
      if (event === 'secureConnection') connect = take;
      return this;
    },
    close: () => {},
  };
  const publisher = createPublisher({
    credentials: {
      serverOptions: () => ({}),
      identify: () => ({ ok: true, node: 'b', manager: true }),
      onChange: () => () => {},
    } as never,
    ...{ host: '127.0.0.1', port: 0, node: 'a', tunnel: '10.9.0.1', log: silentLog },
    admit: () => true,
    servers: { listener: server, secure: server } as never,
  });
  connect(socket);
  const say = (message: object) => listeners[0]?.(Buffer.from(`${JSON.stringify(message)}\n`));
  say({ type: 'hello', version: 1, node: 'b' });
  say({ type: 'want', networks: ['k7xq2m9v0c4bz8n1t5r3w6y2d'] });
  publisher.publish(record(longest('0')));
  written.length = 0;
  publisher.publish(record(longest('1')));
  const said = written.join('');
  expect(said.slice(0, 30)).toContain('"type":"snapshot"');
  expect(said.length).toBeLessThan(MAX_LINE);
  void publisher.close();
});
