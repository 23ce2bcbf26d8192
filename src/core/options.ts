import { Fault } from '../net/fault.ts';
import { MTU_MAX, MTU_MIN } from '../net/mtu.ts';
import { isVni, VNI_MAX, VNI_MIN } from '../net/vni.ts';
import type { NetworkOptions } from './local.ts';

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
};

/** Settings that Docker adds by itself to every network; they mean nothing to castnet. */
const isDockersOwn = (key: string): boolean =>
  key.startsWith('com.docker.network.') && !(key in SETTINGS);

/**
 * Reads a network's settings.
 * @throws Fault that names the setting, its value and what is accepted
 */
export function parseOptions(raw: RawOptions): ParsedOptions {
  let options: ParsedOptions = {};
  for (const [key, text] of Object.entries(raw)) {
    const setting = SETTINGS[key];
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
