import { createPublicKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { newKeys } from './wireguard.ts';
import { parseDump, parseInterface } from './wireguard-dump.ts';

// Of wireguard-tools 1.0.20210914.
const DUMP = [
  'CAp2=\tfuC6=\t51890\toff',
  'Hp2S=\tdiFN=\t10.9.0.2:51890\t10.9.0.2/32\t1795808486\t476\t712\t25',
  'Ip2S=\t(none)\t(none)\tfd00::2/128,10.0.0.0/8\t0\t0\t0\toff',
  'Jp2S=\t(none)\t(none)\t(none)\t0\t0\t0\toff',
].join('\n');

it('reads what wg says of an interface', () => {
  expect(parseDump(`${DUMP}\n`)).toEqual({
    keys: { private: 'CAp2=', public: 'fuC6=' },
    port: 51890,
    peers: [
      {
        ...{ key: 'Hp2S=', secret: 'diFN=', addresses: ['10.9.0.2'] },
        ...{ handshake: 1795808486_000, received: 476, sent: 712 },
      },
      {
        key: 'Ip2S=',
        secret: '',
        addresses: ['fd00::2', '10.0.0.0/8'],
        handshake: 0,
        received: 0,
        sent: 0,
      },
      { key: 'Jp2S=', secret: '', addresses: [], handshake: 0, received: 0, sent: 0 },
    ],
  });
  expect(parseDump('(none)\t(none)\t0\toff\n').keys).toBeUndefined();
});

it('an interface counts as settled when it is up and all leaves by it', () => {
  const link = (flags: string[]) =>
    JSON.stringify([
      {
        ifname: 'lo',
        mtu: 65536,
        flags: ['UP'],
        addr_info: [{ local: '127.0.0.1', scope: 'host' }],
      },
      {
        ...{ ifname: 'castnet-wg', mtu: 1440, flags },
        addr_info: [
          { local: '10.9.0.1', scope: 'global' },
          { local: 'fe80::1', scope: 'link' },
        ],
      },
    ]);
  const route = (dev: string) => JSON.stringify([{ dst: 'default', dev }]);
  const of = (flags: string[], ...routes: string[]) =>
    parseInterface('castnet-wg', [link(flags), ...routes]);
  expect(of(['UP'], route('castnet-wg'))).toEqual({
    ...{ mtu: 1440, addresses: ['10.9.0.1'], settled: true },
  });
  expect(of([], route('castnet-wg'))?.settled).toBe(false);
  expect(of(['UP'], '[]')?.settled).toBe(false);
  expect(of(['UP'], route('eth0'))?.settled).toBe(false);
  expect(parseInterface('castnet-wg', ['[]'])).toBeUndefined();
});

it('makes keys of Curve25519 as WireGuard writes them', () => {
  const { private: secret, public: key } = newKeys();
  expect(Buffer.from(secret, 'base64')).toHaveLength(32);
  const x = Buffer.from(key, 'base64').toString('base64url');
  expect(createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' }).type).toBe(
    'public',
  );
  expect(newKeys().public).not.toBe(key);
});
