import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import * as z from 'zod';
import { UserError } from '../output.ts';
import { checkSettings } from '../plugin/settings.ts';
import type { Target, WantedNetwork } from './core/wanted.ts';
import { parseTarget } from './target.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const File = z.strictObject({
  hosts: z.array(
    z.union([z.string(), z.strictObject({ host: z.string(), address: z.string().optional() })]),
  ),
  network: z
    .union([
      z.string().transform((name) => ({ name, options: {} })),
      z.strictObject({
        name: z.string(),
        options: z.record(z.string(), scalar).default({}),
      }),
    ])
    .optional(),
  settings: z.record(z.string(), scalar).default({}),
});

/** What `castnet up -f` finds in its file. */
export interface FileWishes {
  readonly hosts: readonly Target[];
  readonly network: WantedNetwork | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

const EXAMPLE = `For example:
  hosts:
    - root@host1
    - host: root@host2
      address: 192.168.1.2
  network: mynet
  settings:
    LOG_LEVEL: info`;

/** @throws UserError that names the file, the place in it and what is accepted */
export async function readWishes(path: string): Promise<FileWishes> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message;
    throw new UserError(`${path} cannot be read: ${why}`, { hint: EXAMPLE, exitCode: 2 });
  });
  return parseWishes(text, path);
}

/** As `readWishes`, of the file's text. */
export function parseWishes(text: string, path: string): FileWishes {
  const found = File.safeParse(parsed(text, path));
  if (!found.success) {
    const [issue] = found.error.issues;
    const where = issue?.path.join('.') || 'the file';
    throw new UserError(`${path}: ${where}: ${issue?.message ?? 'it cannot be read'}`, {
      hint: EXAMPLE,
      exitCode: 2,
    });
  }
  const { hosts, network, settings } = found.data;
  checkSettings(settings);
  return {
    hosts: hosts.map((it) =>
      typeof it === 'string' ? parseTarget(it) : parseTarget(it.host, it.address),
    ),
    network,
    settings,
  };
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UserError(`${path} is no YAML: ${error.message.split('\n')[0]}`, {
      hint: EXAMPLE,
      exitCode: 2,
    });
  }
}
