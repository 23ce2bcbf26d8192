import { Hono } from 'hono';
import type * as z from 'zod';
import { Fault } from '../net/fault.ts';
import type { Driver, NetworkRequest } from './driver.ts';
import * as protocol from './protocol.ts';

export interface HandlerLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Handler = (body: unknown) => Promise<object>;

const CONTENT_TYPE = 'application/vnd.docker.plugins.v1.2+json';

/**
 * Docker's calls as a table. Each handler checks its request, asks the driver, and forms the
 * answer; an error is an answer with `Err`, which Docker shows to the user.
 */
export function dockerHandlers(driver: Driver, log: HandlerLog): Hono {
  const app = new Hono();
  for (const [path, handler] of Object.entries(handlerTable(driver))) {
    app.post(`/${path}`, async (context) => {
      const answer = await answerTo(handler, await context.req.text(), { path, log });
      return context.body(JSON.stringify(answer), 200, { 'content-type': CONTENT_TYPE });
    });
  }
  return app;
}

async function answerTo(
  handler: Handler,
  text: string,
  { path, log }: { path: string; log: HandlerLog },
): Promise<object> {
  try {
    log.debug({ path, text }, 'docker calls');
    return await handler(parse(text, path));
  } catch (error) {
    if (!(error instanceof Fault)) log.error({ path, error }, 'a call of Docker failed');
    return { Err: `castnet: ${(error as Error).message}` };
  }
}

/** Calls that carry nothing come with an empty body; so does a retry that lost it. */
const MAY_BE_EMPTY = new Set(['Plugin.Activate', 'NetworkDriver.GetCapabilities']);

function parse(text: string, path: string): unknown {
  if (text.trim() === '') {
    if (MAY_BE_EMPTY.has(path)) return {};
    throw new Fault(`${path} came with an empty body; a JSON object is needed`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(`${path}: the body is not JSON (${(error as Error).message})`);
  }
}

/** @throws Fault that names the first field that is wrong */
function check<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') || 'the body';
  const value = issue?.path.reduce<unknown>(
    (of, key) => (of as Record<PropertyKey, unknown>)?.[key],
    body,
  );
  const shown = value === undefined || typeof value === 'object' ? '' : ` ${JSON.stringify(value)}`;
  throw new Fault(`${field}${shown}: ${issue?.message ?? 'is not what the protocol asks for'}`);
}

const NOTHING = {};

/** At allocation Swarm passes a pool of either family as an IPv4 one (seen with 20.10). */
const ofFamily6 = (pools: readonly protocol.Pool[] | null | undefined): protocol.Pool[] =>
  (pools ?? []).filter((it) => it.Pool?.includes(':'));

function handlerTable(driver: Driver): Record<string, Handler> {
  const nothing: Handler = async () => NOTHING;
  const discover: Handler = async (body) => {
    check(protocol.Discover, body);
    driver.discovered();
    return NOTHING;
  };
  return {
    'Plugin.Activate': async () => ({ Implements: ['NetworkDriver'] }),
    'NetworkDriver.GetCapabilities': async () => ({
      Scope: 'global',
      ConnectivityScope: 'global',
    }),
    'NetworkDriver.AllocateNetwork': async (body) => {
      const { NetworkID, Options, IPv4Data, IPv6Data } = check(protocol.AllocateNetwork, body);
      refuseIpv6([...(IPv6Data ?? []), ...ofFamily6(IPv4Data)]);
      const options = Options ?? {};
      const request = networkRequest(NetworkID, options, IPv4Data);
      return { Options: { ...options, ...(await driver.allocateNetwork(request)) } };
    },
    'NetworkDriver.FreeNetwork': async (body) => {
      await driver.freeNetwork(check(protocol.OfNetwork, body).NetworkID);
      return NOTHING;
    },
    'NetworkDriver.CreateNetwork': async (body) => {
      const { NetworkID, Options, IPv4Data, IPv6Data } = check(protocol.CreateNetwork, body);
      refuseIpv6(IPv6Data);
      await driver.createNetwork(networkRequest(NetworkID, genericOptions(Options), IPv4Data));
      return NOTHING;
    },
    'NetworkDriver.DeleteNetwork': async (body) => {
      await driver.deleteNetwork(check(protocol.OfNetwork, body).NetworkID);
      return NOTHING;
    },
    'NetworkDriver.CreateEndpoint': async (body) => {
      const { NetworkID, EndpointID, Interface, Options } = check(protocol.CreateEndpoint, body);
      const address = Interface?.Address;
      if (!address)
        throw new Fault(`endpoint ${EndpointID} has no IPv4 address; castnet needs one`);
      if (Interface?.AddressIPv6) {
        throw new Fault(`IPv6 address ${Interface.AddressIPv6}: ${IPV6_SENTENCE}`);
      }
      const mac = Interface?.MacAddress;
      const made = await driver.createEndpoint({
        network: NetworkID,
        id: EndpointID,
        address,
        ...(mac ? { mac: mac.toLowerCase() } : {}),
        ...(Options ? { options: Options } : {}),
      });
      return {
        Interface: {
          ...(made.mac === undefined ? {} : { MacAddress: made.mac }),
          ...(made.ipv6 === undefined ? {} : { AddressIPv6: made.ipv6 }),
        },
      };
    },
    'NetworkDriver.EndpointOperInfo': async (body) => {
      check(protocol.OfEndpoint, body);
      return { Value: {} };
    },
    'NetworkDriver.DeleteEndpoint': async (body) => {
      const { NetworkID, EndpointID } = check(protocol.OfEndpoint, body);
      await driver.deleteEndpoint(NetworkID, EndpointID);
      return NOTHING;
    },
    'NetworkDriver.Join': async (body) => {
      const { NetworkID, EndpointID, SandboxKey } = check(protocol.Join, body);
      return driver.join({ network: NetworkID, id: EndpointID, sandbox: SandboxKey });
    },
    'NetworkDriver.Leave': async (body) => {
      const { NetworkID, EndpointID } = check(protocol.OfEndpoint, body);
      await driver.leave(NetworkID, EndpointID);
      return NOTHING;
    },
    'NetworkDriver.ProgramExternalConnectivity': nothing,
    'NetworkDriver.RevokeExternalConnectivity': nothing,
    'NetworkDriver.DiscoverNew': discover,
    'NetworkDriver.DiscoverDelete': discover,
    // From moby 28; a gateway address is allocated as before.
    'NetworkDriver.GwAllocCheck': async () => ({ SkipIPv4: false, SkipIPv6: false }),
  };
}

function networkRequest(
  id: string,
  options: Readonly<Record<string, string>>,
  pools: readonly protocol.Pool[] | null | undefined,
): NetworkRequest {
  const [subnet, ...otherSubnets] = (pools ?? []).flatMap(({ Pool }) => (Pool ? [Pool] : []));
  return {
    ...{ id, options },
    ...(subnet === undefined ? {} : { subnet }),
    ...(otherSubnets.length === 0 ? {} : { otherSubnets }),
  };
}

function genericOptions(options: Record<string, unknown> | null | undefined) {
  const generic = options?.[protocol.GENERIC];
  if (typeof generic !== 'object' || generic === null) return {};
  return Object.fromEntries(
    Object.entries(generic).filter((it): it is [string, string] => typeof it[1] === 'string'),
  );
}

const IPV6_SENTENCE =
  'Swarm hands out one address family only, so a castnet network has an IPv4 subnet. ' +
  'Leave out --ipv6 and IPv6 subnets; for IPv6 addresses use --opt ipv6=PREFIX, as fd00:1::/64.';

function refuseIpv6(pools: readonly protocol.Pool[] | null | undefined): void {
  const pool = pools?.[0];
  if (pool !== undefined) throw new Fault(`IPv6 subnet ${pool.Pool ?? ''}: ${IPV6_SENTENCE}`);
}
