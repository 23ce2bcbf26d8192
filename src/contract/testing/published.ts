import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { COMMANDS } from '../commands.ts';

const PUBLISHED = readFileSync(join(import.meta.dirname, '../../../docs/json-schema.json'), 'utf8');

/** As programs of people read it. */
const open = new Ajv2020({ allErrors: true }).addSchema(JSON.parse(PUBLISHED), 'open');

/** The same without room for fields that it does not name. */
const closed = new Ajv2020({ allErrors: true }).addSchema(
  JSON.parse(PUBLISHED, (key, value) => (key === 'additionalProperties' ? false : value)),
  'closed',
);

/**
 * What docs/json-schema.json has against something that a command printed: a sentence each.
 * @param unknown whether a field that it does not name is a fault too
 */
export function publishedFaults(
  command: keyof typeof COMMANDS,
  printed: unknown,
  { unknown = true } = {},
): string[] {
  const [ajv, name] = unknown ? [closed, 'closed'] : [open, 'open'];
  const judge = ajv.getSchema(`${name}#/$defs/${encodeURIComponent(command)}`);
  if (judge === undefined) throw new Error(`${command} is not published`);
  if (judge(printed)) return [];
  return (judge.errors ?? []).map(
    (it) => `${it.instancePath}: ${it.message} ${JSON.stringify(it.params)}`,
  );
}
