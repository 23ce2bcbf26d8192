import { isIP, isIPv6 } from 'node:net';
import { UserError } from '../output.ts';
import type { Target } from './core/wanted.ts';

const ACCEPTED =
  'Accepted is [USER@]HOST[:PORT]: a name of your ssh config, a host’s name or address, an IPv6 address with a port in brackets ([fd00::1]:22); localhost is this machine.';

/** Letters of a host's or user's name; nothing that ssh would take for an option or a shell for more. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** An IPv6 address may name the interface that leads there. */
const IPV6_ZONE = /%[A-Za-z0-9_.-]+$/;
const HERE = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * Reads `[user@]host[:port]`.
 * @throws UserError that says what is accepted
 */
export function parseTarget(text: string, address?: string): Target {
  const at = text.lastIndexOf('@');
  const user = at < 0 ? undefined : text.slice(0, at);
  const { host, port } = split(text.slice(at + 1));
  const isV6 = isIPv6(host.replace(IPV6_ZONE, ''));
  if ((!isV6 && !NAME.test(host)) || (user !== undefined && !NAME.test(user))) {
    throw new UserError(`"${text}" is no host`, { hint: ACCEPTED, exitCode: 2 });
  }
  if (
    port !== undefined &&
    (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
  ) {
    throw new UserError(`"${text}": ${port} is no port`, {
      hint: 'Accepted is a number from 1 to 65535; an IPv6 address with a port is in brackets.',
      exitCode: 2,
    });
  }
  if (address !== undefined && isIP(address) === 0) {
    throw new UserError(`the address of ${text}, "${address}", is no IPv4 or IPv6 address`, {
      hint: 'It is where the other hosts reach this one, as 192.168.1.2.',
      exitCode: 2,
    });
  }
  return {
    ...{ name: text, host, user, address },
    port: port === undefined ? undefined : Number(port),
    here: HERE.has(host) && user === undefined && port === undefined,
  };
}

function split(text: string): { host: string; port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, host = '', port] = bracketed;
    return port === undefined ? { host } : { host, port };
  }
  // Two colons and more are an IPv6 address, which has no port then.
  const parts = text.split(':');
  const [host = '', port] = parts;
  if (parts.length > 2) return { host: text };
  return port === undefined ? { host } : { host, port };
}

/**
 * All hosts of the line.
 * @throws UserError for one that is there twice
 */
export function checkTargets(targets: readonly Target[]): readonly Target[] {
  const seen = new Map<string, Target>();
  for (const it of targets) {
    const key = it.here ? 'localhost' : `${it.host.toLowerCase()}:${it.port ?? 22}`;
    const before = seen.get(key);
    if (before !== undefined) {
      const both = before.name === it.name ? it.name : `${before.name} and ${it.name}`;
      throw new UserError(`${both}: the same host is named twice`, {
        hint: 'Name each host once.',
        exitCode: 2,
      });
    }
    seen.set(key, it);
  }
  if (targets.length === 0) {
    throw new UserError('no host is named', {
      hint: 'castnet up root@host1 root@host2 root@host3, or a file: castnet up -f castnet.yaml',
      exitCode: 2,
    });
  }
  return targets;
}
