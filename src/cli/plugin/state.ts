import * as z from 'zod';
import { UserError } from '../output.ts';
import { type Docker, DockerError } from './docker.ts';

/** The name Swarm knows the driver by, tag included. */
export const PLUGIN_NAME = 'castnet:latest';

/** The setting with which uninstall starts the plugin once more, to clean the host. */
export const CLEAN = 'CASTNET_CLEAN';

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

const Inspected = z.object({
  Id: z.string(),
  Enabled: z.boolean(),
  Config: z.object({
    Env: list(
      z.object({
        Name: z.string(),
        Value: z.string().nullish(),
        Settable: list(z.string()),
      }),
    ),
    Mounts: list(
      z.object({ Name: z.string(), Source: z.string().nullish(), Settable: list(z.string()) }),
    ),
  }),
  Settings: z.object({
    Env: list(z.string()),
    Mounts: list(z.object({ Name: z.string(), Source: z.string().nullish() })),
  }),
});

/** A plugin as an Engine has it. */
export interface PluginState {
  readonly id: string;
  readonly enabled: boolean;
  /** Undefined for a plugin that is not castnet's. */
  readonly version: string | undefined;
  readonly build: string | undefined;
  /** Settings that differ from the plugin's own defaults, as `docker plugin set` takes them. */
  readonly changed: ReadonlyMap<string, string>;
  /** Every setting's value now. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Reads what `docker plugin inspect` says of one plugin. */
export function parseState(json: string): PluginState {
  const { Id, Enabled, Config, Settings } = Inspected.parse(JSON.parse(json));
  const now = new Map(Settings.Env.map(splitSetting));
  for (const { Name, Source } of Settings.Mounts) now.set(`${Name}.source`, Source ?? '');
  const changed = new Map<string, string>();
  for (const { Name, Value, Settable } of Config.Env) {
    const value = now.get(Name);
    if (
      Name !== CLEAN &&
      Settable.includes('value') &&
      value !== undefined &&
      value !== (Value ?? '')
    ) {
      changed.set(Name, value);
    }
  }
  for (const { Name, Source, Settable } of Config.Mounts) {
    const value = now.get(`${Name}.source`);
    if (Settable.includes('source') && value && value !== Source) {
      changed.set(`${Name}.source`, value);
    }
  }
  return {
    id: Id,
    enabled: Enabled,
    version: now.get('CASTNET_VERSION'),
    build: now.get('CASTNET_BUILD'),
    changed,
    settings: now,
  };
}

function splitSetting(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** @returns undefined when the Engine has no plugin of that name */
export async function inspectPlugin(
  docker: Docker,
  name: string,
): Promise<PluginState | undefined> {
  try {
    return parseState(await docker(['plugin', 'inspect', '--format', '{{json .}}', name]));
  } catch (error) {
    if (error instanceof DockerError && /not found|no such/i.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * A plugin name with its tag, `castnet` meaning `castnet:latest` as Docker reads it.
 *
 * @throws UserError for what cannot be a plugin's name
 */
export function pluginName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(text)) {
    throw new UserError(`"${text}" cannot be a plugin's name`, {
      hint: `A name is lower-case letters, digits and ". _ - /", then a colon and a tag, as in ${PLUGIN_NAME}.`,
      exitCode: 2,
    });
  }
  return text.includes(':') ? text : `${text}:latest`;
}
