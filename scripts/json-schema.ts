/** Writes docs/json-schema.json anew from src/cli/schemas.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from '../src/cli/schemas.ts';

const path = join(import.meta.dirname, '../docs/json-schema.json');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
console.log(path);
