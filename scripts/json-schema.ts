/** Writes docs/json-schema.json anew from src/contract. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from '../src/contract/commands.ts';

const path = join(import.meta.dirname, '../docs/json-schema.json');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
console.log(path);
