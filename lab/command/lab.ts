/** `castnet lab …`: real Docker hosts on this machine, to try castnet on. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { renderRows, UserError } from '../../src/cli/output.ts';
import { ENGINE_NAMES, parseEngines } from '../engines/names.ts';
import type { LabHost } from '../host.ts';
import { type LabSummary, labDown, listLabs, openLab } from '../lab.ts';
import { checkLabName, MAX_HOSTS } from '../plan.ts';
import { runLabUp } from './up.ts';

type Named = { name: string };

const ENGINE_HELP = `Docker Engine of every host, or of one with HOST=ENGINE; may be repeated: ${ENGINE_NAMES.join(', ')} (default: the machine's own)`;

/** Adds the `lab` command and its subcommands. */
export function registerLab(program: Command): void {
  const lab = program
    .command('lab')
    .description('run several real Docker hosts, joined in a Swarm, on this machine (needs root)');

  named(lab.command('up'))
    .description('bring a lab up: hosts, Engines, Swarm and the plugin on each host')
    .option('--hosts <n>', 'number of hosts; the first 3 are managers', parseHosts, 3)
    .option('--engine <engine>', ENGINE_HELP, parseEngine)
    .action((options: Named & { hosts: number; engine?: string }) => runLabUp(options));

  named(lab.command('down'))
    .description('take a lab down and leave nothing of it')
    .action(async ({ name }: Named) => {
      const known = (await listLabs()).some((entry) => entry.name === name);
      await labDown(name);
      console.log(known ? `lab "${name}" is down` : `there was no lab called "${name}"`);
    });

  lab
    .command('ls')
    .description('list the labs and their hosts')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const labs = await listLabs();
      console.log(options.json ? JSON.stringify(labs, null, 2) : describeLabs(labs));
    });

  named(lab.command('docker'))
    .description('run the docker CLI against a host: lab docker h1 -- ps -a')
    .argument('<host>', 'h1, h2, …')
    .argument('[args...]', 'arguments for docker, after --')
    .action(async (hostName: string, args: string[], { name }: Named) => {
      const host = (await openLab(name)).host(hostName);
      process.exitCode = await passThrough(['docker', ...args], host.dockerEnv());
    });

  named(lab.command('exec'))
    .description('run a program inside a host: lab exec h1 -- ip address')
    .argument('<host>', 'h1, h2, …')
    .argument('<command...>', 'the program and its arguments, after --')
    .action(async (hostName: string, command: string[], { name }: Named) => {
      const host = (await openLab(name)).host(hostName);
      process.exitCode = await passThrough(host.enter(command), host.env());
    });

  named(lab.command('socket'))
    .description('print the path of a host’s Docker socket')
    .argument('<host>', 'h1, h2, …')
    .action(async (hostName: string, { name }: Named) => {
      const host: LabHost = (await openLab(name)).host(hostName);
      console.log(host.socket);
    });
}

/** The table of `lab ls`. */
export function describeLabs(labs: LabSummary[]): string {
  if (labs.length === 0) return 'There is no lab. Bring one up with: castnet lab up';
  const rows = labs.flatMap(({ name, hosts }) =>
    hosts.length === 0
      ? [[name, '-', '-', 'interrupted', '-', '-']]
      : hosts.map((it) => [name, it.name, it.address, it.role, it.engine, it.socket]),
  );
  return renderRows(['LAB', 'HOST', 'ADDRESS', 'ROLE', 'ENGINE', 'SOCKET'], rows);
}

/** Every command of a lab takes its name. */
function named(command: Command): Command {
  return command.option('--name <name>', 'name of the lab', parseName, 'lab');
}

function parseName(value: string): string {
  return checked(() => checkLabName(value));
}

/** commander says which option it is, and ends with its status for wrong usage. */
function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof UserError ? (error.hint ?? '') : String(error));
  }
}

/** What is repeated means the same as what is written with commas. */
function parseEngine(value: string, before: string | undefined): string {
  checked(() => parseEngines(value));
  return before === undefined ? value : `${before},${value}`;
}

function parseHosts(value: string): number {
  const count = Number(value);
  if (/^\d+$/.test(value) && count >= 1 && count <= MAX_HOSTS) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_HOSTS}.`);
}

/** Runs a program on this terminal and resolves to its exit status. */
function passThrough(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'inherit' });
    // The terminal sends Ctrl-C to the program as well; it decides what that means.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? missing(file) : error);
    });
    child.once('close', (status, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      resolve(status ?? (signal === 'SIGINT' ? 130 : signal === 'SIGKILL' ? 137 : 143));
    });
  });
}

function missing(file: string): UserError {
  return new UserError(`the program "${file}" is not on this machine.`, {
    hint: 'In a checkout, "sudo npm run setup" installs what the lab needs.',
  });
}
