import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jsonSchema, SCHEMAS } from './schemas.ts';

it('is what docs/json-schema.json says (npm run json-schema writes it)', () => {
  const path = join(import.meta.dirname, '../../docs/json-schema.json');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});

it('refuses what is of another form', () => {
  expect(SCHEMAS.plan.safeParse({ version: 1, steps: [3] }).success).toBe(false);
  expect(SCHEMAS.plan.safeParse({ version: 2, steps: [] }).success).toBe(false);
});
