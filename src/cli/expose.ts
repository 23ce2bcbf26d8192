import type { Command } from 'commander';
import type { Exposed } from '../contract/commands.ts';
import { type AgentCall, type AgentFlags, askAgent, withSocket } from './agent-client.ts';
import { renderRows, UserError } from './output.ts';

/** Longer than Docker takes to find that it has no address to give, milliseconds. */
const TIMEOUT_MS = 90_000;

type Flags = AgentFlags & {
  json?: boolean;
  remove?: boolean;
  alias?: string[];
  on?: string;
  sshConfig?: string;
};

/** Adds `castnet expose`. */
export function registerExpose(program: Command): void {
  withSocket(program.command('expose'))
    .description(
      'give this host itself an address on a network, or take it back; alone it lists them',
    )
    .argument('[network]', 'name of an attachable castnet network')
    .argument('[address]', 'as 10.0.9.250 or 10.0.9.250/24; without it Docker chooses')
    .option('--remove', 'take it back')
    .option('--alias <name>', 'a name of it for the network’s containers; may be repeated', collect)
    .option('--on <host>', 'of another host, by ssh: [user@]host[:port]')
    .option('-F, --ssh-config <path>', 'with --on: a config for ssh, as ssh -F takes it')
    .option('--json', 'print JSON, for programs')
    .action(async (network: string | undefined, address: string | undefined, flags: Flags) => {
      refuseUseless({ network, address, flags });
      const exposed = await ask(flags, {
        ...callOf(network, address, flags),
        timeoutMs: TIMEOUT_MS,
      });
      console.log(
        flags.json ? JSON.stringify(exposed, null, 2) : exposedText(exposed, network, flags.on),
      );
    });
}

async function ask(flags: Flags, call: AgentCall): Promise<Exposed> {
  const { on, sshConfig } = flags;
  if (on === undefined) return askAgent<Exposed>(flags, '/v1/expose', call);
  const { askHost } = await import('./up/ask-host.ts');
  return askHost<Exposed>(on, '/v1/expose', { ...call, sshConfig });
}

const collect = (it: string, before: string[] = []): string[] => [...before, it];

function callOf(
  network: string | undefined,
  address: string | undefined,
  { remove, alias = [] }: Flags,
): AgentCall {
  if (network === undefined) return {};
  if (remove) return { method: 'DELETE', body: { network } };
  return { method: 'POST', body: { network, address, aliases: alias } };
}

/** @throws UserError for words that go with nothing */
function refuseUseless(of: {
  network: string | undefined;
  address: string | undefined;
  flags: Flags;
}): void {
  const { network, address, flags } = of;
  const wrong = (what: string, hint: string) => new UserError(what, { hint, exitCode: 2 });
  if (network === undefined && (flags.remove || flags.alias)) {
    throw wrong('no network was given', 'castnet expose alone lists them');
  }
  if (flags.remove && (address ?? flags.alias) !== undefined) {
    throw wrong('a host has one address on a network', `castnet expose ${network} --remove`);
  }
}

/**
 * @param network that was spoken of; undefined: all are listed
 * @param on the host that was asked; undefined: this one
 */
export function exposedText(
  { addresses, stopped, changed }: Exposed,
  network: string | undefined,
  on = 'This host',
): string {
  const own = addresses.find((it) => it.network === network);
  if (network !== undefined && own === undefined)
    return `${on} has no address on ${network} any more.`;
  if (own !== undefined) {
    const six = own.ipv6 === undefined ? '' : ` and ${own.ipv6}`;
    const has = changed ? 'has' : 'has already';
    return `${on} ${has} ${own.address}${six} on ${own.network}, by its interface ${own.interface}.`;
  }
  const rows = [
    ...addresses.map((it) => [it.network, it.address, it.ipv6 ?? '-', it.interface]),
    ...stopped.map((it) => [it.network, `none: its container is ${it.state}`, '-', '-']),
  ];
  if (rows.length === 0) return `${on} has no address on a castnet network.`;
  return renderRows(['NETWORK', 'ADDRESS', 'IPV6', 'INTERFACE'], rows);
}
