import { parseCidr } from '../net/cidr.ts';
import { Fault } from '../net/fault.ts';
import { MTU_MAX, MTU_MIN } from '../net/mtu.ts';
import { isVni, VNI_MAX, VNI_MIN } from '../net/vni.ts';
import type { NetworkOptions, Rate } from './local.ts';
import { PRIORITY_LEAST, PRIORITY_MOST, type RouteWish, readRouteWish } from './multicast-route.ts';

/** The settings of a network as Docker passes them: `--opt key=value`. */
export type RawOptions = Readonly<Record<string, string>>;

export interface ParsedOptions extends NetworkOptions {
  /** Asked for by the user, or the one that AllocateNetwork chose. */
  readonly vni?: number;
}

interface Setting {
  readonly accepts: string;
  readonly read: (text: string) => Partial<ParsedOptions> | undefined;
}

const mtu: Setting = {
  accepts: `a number of bytes from ${MTU_MIN} to ${MTU_MAX}`,
  read: (text) => between(text, MTU_MIN, MTU_MAX, (value) => ({ mtu: value })),
};

/** What a container may have without a setting; far above what real software joins. */
export const MAX_GROUPS_DEFAULT = 1024;
const MAX_GROUPS_MOST = 16_384;

/** A container's IPv4 address takes the last 32 bits of its IPv6 address. */
const IPV6_PREFIX_MOST = 96;

const SETTINGS: Readonly<Record<string, Setting>> = {
  mtu,
  // Docker's own name for it, which people know from the bridge and overlay drivers.
  'com.docker.network.driver.mtu': mtu,
  vni: {
    accepts: `a VXLAN network id from ${VNI_MIN} to ${VNI_MAX}`,
    read: (text) => {
      const value = wholeNumber(text);
      return value !== undefined && isVni(value) ? { vni: value } : undefined;
    },
  },
  ipv6: {
    accepts: `a unicast IPv6 prefix of at most ${IPV6_PREFIX_MOST} bits, as fd00:1::/64`,
    read: (text) => {
      const prefix = parseCidr(text);
      const fits = prefix?.isForHosts === true && prefix.length <= IPV6_PREFIX_MOST;
      return prefix?.family === 6 && fits ? { ipv6: prefix.text } : undefined;
    },
  },
  encrypted: {
    // Docker passes `--opt encrypted` with an empty value, as it does to its overlay driver.
    accepts: 'true or false, or without a value, which is true',
    read: (text) => {
      if (text === '' || text === 'true') return { encrypted: true };
      return text === 'false' ? {} : undefined;
    },
  },
  multicast: { accepts: 'on or off', read: (text) => onOrOff(text, 'multicast') },
  'multicast-route': {
    accepts: `on, off or a priority from ${PRIORITY_LEAST} to ${PRIORITY_MOST}`,
    read: readRouteWish,
  },
  'source-check': { accepts: 'on or off', read: (text) => onOrOff(text, 'sourceCheck') },
  'fast-path': { accepts: 'on or off', read: (text) => onOrOff(text, 'fastPath') },
  'multicast-groups': {
    accepts: 'a list of multicast CIDRs with commas between, as 239.1.0.0/16,ff05::/16',
    read: (text) => {
      const groups = text.split(',').map((it) => parseCidr(it.trim()));
      if (!groups.every((it) => it?.isMulticast === true)) return undefined;
      return { groups: groups.flatMap((it) => (it === undefined ? [] : [it.text])) };
    },
  },
  'multicast-rate': {
    accepts: 'a rate as 1000pps, 500kbit, 10mbit or 1gbit',
    read: (text) => {
      const rate = parseRate(text);
      return rate === undefined ? undefined : { rate };
    },
  },
  'max-groups': {
    accepts: `a number of groups from 1 to ${MAX_GROUPS_MOST}`,
    read: (text) => between(text, 1, MAX_GROUPS_MOST, (value) => ({ maxGroups: value })),
  },
};

/** Settings that Docker adds by itself to every network; they mean nothing to castnet. */
const isDockersOwn = (key: string): boolean =>
  key.startsWith('com.docker.network.') && !Object.hasOwn(SETTINGS, key);

/**
 * Reads a network's settings.
 * @throws Fault that names the setting, its value and what is accepted
 */
export function parseOptions(raw: RawOptions): ParsedOptions {
  let options: ParsedOptions = {};
  for (const [key, text] of Object.entries(raw)) {
    const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
    if (setting === undefined) {
      if (isDockersOwn(key)) continue;
      throw new Fault(`unknown option "${key}". Accepted: ${Object.keys(SETTINGS).join(', ')}`);
    }
    const value = setting.read(text);
    if (value === undefined) {
      throw new Fault(`option ${key}=${JSON.stringify(text)} is not ${setting.accepts}`);
    }
    options = { ...options, ...value };
  }
  return options;
}

/**
 * What an attachment to a network says (`docker network connect --driver-opt multicast-route=…`).
 * @throws Fault that names the value and what is accepted
 */
export function parseAttachment(raw: Readonly<Record<string, unknown>>): RouteWish | undefined {
  const key = 'multicast-route';
  const text = raw[key];
  if (text === undefined) return undefined;
  const wish = readRouteWish(String(text));
  if (wish !== undefined) return wish;
  const { accepts } = SETTINGS[key] as Setting;
  throw new Fault(`driver option ${key}=${JSON.stringify(text)} is not ${accepts}`);
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function between<T>(
  text: string,
  least: number,
  most: number,
  make: (value: number) => T,
): T | undefined {
  const value = wholeNumber(text);
  return value !== undefined && value >= least && value <= most ? make(value) : undefined;
}

function onOrOff(text: string, key: 'multicast' | 'sourceCheck' | 'fastPath') {
  return text === 'on' || text === 'off' ? { [key]: text === 'on' } : undefined;
}

/** Bits in the units of `tc`: 1 kbit is 1000 bits. */
const UNITS: Readonly<Record<string, number>> = { kbit: 1e3, mbit: 1e6, gbit: 1e9 };

function parseRate(text: string): Rate | undefined {
  const [, digits, unit] = /^(\d{1,9})(pps|kbit|mbit|gbit)$/.exec(text) ?? [];
  const amount = Number(digits);
  if (unit === undefined || amount === 0) return undefined;
  return unit === 'pps'
    ? { per: 'packets', second: amount }
    : { per: 'bytes', second: Math.ceil((amount * (UNITS[unit] as number)) / 8) };
}
