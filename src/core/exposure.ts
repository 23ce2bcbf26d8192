import { inAny, overlaps, parseCidr } from '../net/cidr.ts';
import { Fault } from '../net/fault.ts';
import { isSource } from '../net/group.ts';

/** The host's own address on a network (`castnet expose`): what is asked for, and what stands in its way. */

/** How an attachment says that its address is for the host itself (`--driver-opt expose=host`). */
export const EXPOSE = 'expose';
const TO_HOST = 'host';

/** The label of the container that holds the address; its value is the network's name. */
export const HOLDER_LABEL = 'castnet.expose';
/** Its image, made by the agent. The tag tells of what it holds. */
export const HOLDER_IMAGE = 'castnet-expose:1';

/**
 * Whether an attachment's address is for the host.
 * @throws Fault that names the value and what is accepted
 */
export function isExposure(options: Readonly<Record<string, unknown>>): boolean {
  const text = options[EXPOSE];
  if (text === undefined) return false;
  if (text === TO_HOST) return true;
  throw new Fault(`driver option ${EXPOSE}=${JSON.stringify(text)} is not ${TO_HOST}`);
}

/** A route of the host's main table. */
export interface HostRoute {
  /** A CIDR, or an address alone. */
  readonly to: string;
  readonly dev: string;
}

/**
 * Why the host can have no address on a network: its way to others would be another.
 * @param subnets of the network, the IPv6 prefix among them
 * @param host.routes without those by the link itself; default routes yield and are none
 * @param host.peers addresses of the Swarm's hosts
 */
export function subnetTaken(
  subnets: readonly string[],
  { routes, peers }: { routes: readonly HostRoute[]; peers: Iterable<string> },
): string | undefined {
  for (const { to, dev } of routes) {
    const cidr = to.includes('/') ? to : `${to}/${to.includes(':') ? 128 : 32}`;
    const subnet = subnets.find((it) => parseCidr(cidr) !== undefined && overlaps(it, cidr));
    if (subnet !== undefined) {
      return `this host has a route to ${to} by ${dev}, and would lose it to the network’s ${subnet}`;
    }
  }
  for (const it of peers) {
    if (isSource(it) && inAny(it, subnets))
      return `host ${it} of the Swarm has an address in the network’s ${subnets[0]}`;
  }
  return undefined;
}

/** What is known of a network when an address of it is asked for. */
export interface KnownNetwork {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  /** Who has an address, in words, as far as this host has heard. */
  readonly used: ReadonlyMap<string, string>;
}

/**
 * Reads the address that a user gives, with or without the prefix length of the network.
 * @returns without it
 * @throws Fault that says what is accepted
 */
export function askedAddress(text: string): string {
  const family = parseCidr(
    text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`,
  )?.family;
  if (family === 6) {
    throw new Fault(
      `${text} is an IPv6 address. Give an IPv4 address of the network: on a network with IPv6 the IPv6 address follows from it`,
    );
  }
  if (family === undefined) {
    throw new Fault(`"${text}" is not an IPv4 address, as 10.0.9.250 or 10.0.9.250/24`);
  }
  return text.split('/')[0] as string;
}

/**
 * Why the host cannot have an address, as far as is known before Docker is asked, who judges.
 * @param text as the user gave it, accepted by `askedAddress`
 */
export function addressRefused(text: string, network: KnownNetwork): string | undefined {
  const { name, subnets, gateways, used } = network;
  const [address = '', length] = text.split('/');
  const subnet = subnets.find((it) => inAny(address, [it]));
  if (subnet === undefined)
    return `${address} is outside of ${name}, which is ${subnets.join(', ')}`;
  const own = subnet.split('/')[1];
  if (length !== undefined && length !== own) {
    return `${text}: the subnet of ${name} is ${subnet}; leave out the prefix length or give /${own}`;
  }
  if (address === firstOf(subnet) || address === lastOf(subnet)) {
    return `${address} is no host’s: it is the first or last address of ${subnet}`;
  }
  if (gateways.includes(address)) return `${address} is the gateway that Docker keeps for ${name}`;
  const by = used.get(address);
  return by === undefined ? undefined : `${address} is in use on ${name}: ${by} has it`;
}

const firstOf = (subnet: string): string => (parseCidr(subnet)?.text ?? '').split('/')[0] as string;

function lastOf(subnet: string): string {
  const [network = '', length] = (parseCidr(subnet)?.text ?? '').split('/');
  const number = network.split('.').reduce((sum, it) => sum * 256 + Number(it), 0);
  const last = number + 2 ** (32 - Number(length)) - 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.');
}
