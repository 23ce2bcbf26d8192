import * as z from 'zod';
import type { FoundPeer, WireguardFound } from '../core/encryption/wireguard.ts';

/** A host's own keys, in base64. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

export interface Dump {
  /** Absent of an interface that has been given none. */
  readonly keys: KeyPair | undefined;
  readonly port: number;
  readonly peers: readonly FoundPeer[];
}

const NONE = '(none)';

/** Of `wg show INTERFACE dump`: a line of the interface, then one for each peer, with tabs between. */
export function parseDump(text: string): Dump {
  const [own = '', ...rest] = text.split('\n').filter((it) => it !== '');
  const [secret = NONE, key = NONE, port] = own.split('\t');
  return {
    keys: secret === NONE ? undefined : { private: secret, public: key },
    port: Number(port ?? 0),
    peers: rest.map((line): FoundPeer => {
      const [key = '', psk = NONE, _endpoint, allowed = NONE, ...counts] = line.split('\t');
      const [handshake, received, sent] = counts;
      return {
        key,
        secret: psk === NONE ? '' : psk,
        addresses: allowed === NONE ? [] : allowed.split(',').map(bare),
        handshake: Number(handshake ?? 0) * 1000,
        received: Number(received ?? 0),
        sent: Number(sent ?? 0),
      };
    }),
  };
}

/** An address alone, for all the bits that it has; any other prefix stays as it is. */
const bare = (prefix: string): string =>
  prefix.replace(prefix.includes(':') ? /\/128$/ : /\/32$/, '');

const Links = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    flags: z.array(z.string()).optional(),
    addr_info: z
      .array(z.object({ local: z.string().optional(), scope: z.string().optional() }))
      .optional(),
  }),
);
const Routes = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));

/** Of `ip -json address show` and `ip -json route show default`, one a line. */
export function parseInterface(
  name: string,
  [addresses = '[]', ...routes]: readonly string[],
): Pick<WireguardFound, 'mtu' | 'addresses' | 'settled'> | undefined {
  const link = Links.parse(JSON.parse(addresses)).find((it) => it.ifname === name);
  if (link === undefined) return undefined;
  const defaults = routes.flatMap((it) => Routes.parse(JSON.parse(it || '[]')));
  const leads = defaults.some((it) => it.dst === 'default' && it.dev === name);
  return {
    mtu: link.mtu ?? 0,
    addresses: (link.addr_info ?? []).flatMap(({ local, scope }) =>
      local === undefined || scope === 'link' ? [] : [local],
    ),
    settled: leads && (link.flags ?? []).includes('UP'),
  };
}
