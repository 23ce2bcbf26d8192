import { isIP } from 'node:net';
import { addressAndPort } from '../../net/listen-address.ts';
import { UserError } from '../output.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

interface Setting {
  readonly accepts: string;
  readonly valid: (value: string) => boolean;
}

const SECONDS: Setting = {
  accepts: 'a number of seconds, 10 to 86400',
  valid: (value) => /^\d{2,5}$/.test(value) && Number(value) >= 10 && Number(value) <= 86_400,
};

/**
 * What `--set` takes. The plugin has one more, CASTNET_CLEAN, which is uninstall's own.
 */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  LOG_LEVEL: {
    accepts: LEVELS.join(', '),
    valid: (value) => LEVELS.includes(value),
  },
  CASTNET_PORT: { accepts: 'a TCP port, 1 to 65535', valid: isPort },
  CASTNET_VXLAN_PORT: { accepts: 'a UDP port, 1 to 65535', valid: isPort },
  CASTNET_WIREGUARD_PORT: { accepts: 'a UDP port, 1 to 65535', valid: isPort },
  CASTNET_WIREGUARD_RENEW: SECONDS,
  CASTNET_WIREGUARD_KEY_RENEW: SECONDS,
  CASTNET_TUNNEL_ADDRESS: {
    accepts: 'an IPv4 or IPv6 address of the host, or nothing for the address Swarm uses',
    valid: (value) => value === '' || isIP(value) !== 0,
  },
  CASTNET_ADVERTISE_ADDRESS: {
    accepts:
      'the IPv4 or IPv6 address at which the others reach the host, or nothing for what Swarm advertises',
    valid: (value) => value === '' || isIP(value) !== 0,
  },
  CASTNET_NOTRACK: {
    accepts: 'on, off',
    valid: (value) => value === 'on' || value === 'off',
  },
  CASTNET_FASTPATH: {
    accepts: 'on, off, auto',
    valid: (value) => ['on', 'off', 'auto'].includes(value),
  },
  CASTNET_METRICS: {
    accepts: 'ADDRESS:PORT, as 127.0.0.1:9790 or [fd00::1]:9790, or nothing for no TCP listener',
    valid: (value) => value === '' || addressAndPort(value) !== undefined,
  },
  'swarm.source': {
    accepts: "the absolute path of the swarm directory under Docker's data root",
    valid: (value) => value.startsWith('/'),
  },
  'psk.source': {
    accepts: 'the absolute path of a file with a pre-shared key, or /dev/null for none',
    valid: (value) => value.startsWith('/'),
  },
};

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

/**
 * Checks settings by name and value.
 *
 * @throws UserError naming the setting, its value and what is accepted
 */
export function checkSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (!setting) {
      throw new UserError(`castnet has no setting ${name}`, {
        hint: `It has ${Object.keys(SETTINGS).join(', ')}.`,
        exitCode: 2,
      });
    }
    if (!setting.valid(value)) {
      throw new UserError(`${name} cannot be "${value}"`, {
        hint: `Accepted: ${setting.accepts}.`,
        exitCode: 2,
      });
    }
  }
}

/**
 * Collects repeated `--set KEY=VALUE`, as commander's option parser.
 *
 * @throws UserError for a text without "=" or before it
 */
export function collectSetting(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new UserError(`--set ${text} is not KEY=VALUE`, {
      hint: 'For example: --set LOG_LEVEL=debug',
      exitCode: 2,
    });
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
