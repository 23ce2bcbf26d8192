import type { Command } from 'commander';
import { type Architecture, architectureNamed } from '../architecture.ts';
import { PLUGIN_NAME } from '../state.ts';
import { type Pushed, pushPlugin } from './push.ts';

interface Flags {
  readonly arch?: Architecture[];
  readonly insecure?: boolean;
}

/** Adds `castnet plugin push`. */
export function registerPush(plugin: Command): void {
  plugin
    .command('push')
    .argument('<name>', 'where to, as docker names it: REGISTRY/castnet:TAG')
    .description('push the plugin to a registry, from which docker plugin install takes it')
    .option('--arch <names>', 'only for these, amd64 or arm64; by default for both', architectures)
    .option(
      '--insecure',
      'take a registry without TLS, or with a certificate that nobody vouches for',
    )
    .action(async (name: string, { arch, insecure }: Flags) => {
      const onProgress = (text: string) => console.log(`${text} …`);
      const pushed = await pushPlugin({ name, architectures: arch, insecure, onProgress });
      for (const line of pushedLines(pushed)) console.log(line);
    });
}

const architectures = (text: string): Architecture[] => [
  ...new Set(text.split(',').map(architectureNamed)),
];

/** What was pushed, and the command that each host needs. */
export function pushedLines(pushed: readonly Pushed[]): string[] {
  return [
    ...pushed.flatMap(({ names, digest }) => names.map((it) => `${it}: digest: ${digest}`)),
    '',
    'On every host of the Swarm, as root:',
    ...pushed.map(
      ({ architecture, names }) =>
        `  docker plugin install ${names[0]} --alias ${PLUGIN_NAME} --grant-all-permissions${pushed.length > 1 ? `   # ${architecture}` : ''}`,
    ),
  ];
}
