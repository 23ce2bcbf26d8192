/** Writes docs/json-schema.json anew from src/contract. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from '../src/contract/commands.ts';
import { mustRun } from '../src/system/run.ts';

const root = join(import.meta.dirname, '..');
const path = join(root, 'docs/json-schema.json');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
await mustRun([join(root, 'node_modules/.bin/biome'), 'format', '--write', path]);
console.log(path);
