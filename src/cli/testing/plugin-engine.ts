import { type Docker, DockerError } from '../plugin/docker.ts';

/** An Engine for tests: keeps plugins in memory and fails where it is told to. */
export interface FakeEngine {
  readonly docker: Docker;
  readonly calls: string[];
  readonly plugins: Map<string, FakePlugin>;
}

export interface FakePlugin {
  enabled: boolean;
  readonly env: Map<string, string>;
}

export interface FakeOptions {
  readonly plugins?: Record<string, FakePlugin>;
  /** Ids of containers that hold addresses for the host. */
  readonly holders?: readonly string[];
  readonly networks?: readonly string[];
  readonly dataRoot?: string;
  /** What it says of its version. */
  readonly version?: { readonly Version: string; readonly ApiVersion: string };
  /** Of its processor, as `docker version` says. */
  readonly architecture?: string;
  /** What a created plugin holds. */
  readonly build?: string;
  /** A docker command that starts so fails with these words. */
  readonly fails?: Readonly<Record<string, string>>;
  /** The same, but only the first time. */
  readonly failsOnce?: Readonly<Record<string, string>>;
}

const VERSION = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };

const info = (dataRoot: string) => ({
  OSType: 'linux',
  KernelVersion: '6.1.0',
  DockerRootDir: dataRoot,
  SecurityOptions: ['name=seccomp,profile=default'],
  Swarm: { LocalNodeState: 'active' },
});

export function fakePlugin(build: string, enabled = true): FakePlugin {
  return {
    enabled,
    env: new Map([
      ['CASTNET_VERSION', '0.1.0'],
      ['CASTNET_BUILD', build],
      ['LOG_LEVEL', 'info'],
      ['CASTNET_CLEAN', 'no'],
    ]),
  };
}

export function fakeEngine(options: FakeOptions = {}): FakeEngine {
  const plugins = new Map(Object.entries(options.plugins ?? {}));
  const calls: string[] = [];
  const once = new Map(Object.entries(options.failsOnce ?? {}));
  const answer = (args: readonly string[]): string => {
    const name = args.find((arg, at) => at > 1 && arg.includes(':') && !arg.startsWith('{')) ?? '';
    const plugin = plugins.get(name);
    switch (args.slice(0, 2).join(' ')) {
      case 'version --format':
        return JSON.stringify({
          Arch: options.architecture ?? 'amd64',
          ...(options.version ?? VERSION),
        });
      case 'info --format':
        return JSON.stringify(info(options.dataRoot ?? '/var/lib/docker'));
      case 'context inspect':
        return 'unix:///var/run/docker.sock';
      case 'network ls':
        return (options.networks ?? []).join('\n');
      case 'ps -aq':
        return (options.holders ?? []).join('\n');
      case 'rm --force':
      case 'image rm':
        return '';
      case 'plugin create':
        plugins.set(name, fakePlugin(options.build ?? 'new', false));
        return name;
    }
    if (!plugin) throw new DockerError(args, `Error: No such plugin: ${name}`);
    switch (args[1]) {
      case 'inspect':
        return JSON.stringify(described(plugin));
      case 'set':
        for (const pair of args.slice(3)) plugin.env.set(...(pair.split('=') as [string, string]));
        return '';
      case 'rm':
        plugins.delete(name);
        return name;
      default:
        plugin.enabled = args[1] === 'enable';
        return name;
    }
  };
  const docker: Docker = async (args) => {
    const call = args.join(' ');
    calls.push(call);
    for (const [start, words] of Object.entries(options.fails ?? {})) {
      if (call.startsWith(start)) throw new DockerError(args, words);
    }
    for (const start of once.keys()) {
      if (!call.startsWith(start)) continue;
      const words = once.get(start) as string;
      once.delete(start);
      throw new DockerError(args, words);
    }
    return answer(args);
  };
  return { docker, calls, plugins };
}

function described({ enabled, env }: FakePlugin) {
  const defaults = fakePlugin('').env;
  return {
    Id: 'f'.repeat(64),
    Enabled: enabled,
    Config: {
      Env: [...defaults].map(([Name, Value]) => ({ Name, Value, Settable: ['value'] })),
      Mounts: null,
    },
    Settings: { Env: [...env].map(([key, value]) => `${key}=${value}`), Mounts: [] },
  };
}
