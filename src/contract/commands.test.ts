import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS, jsonSchema } from './commands.ts';
import { FINDING_CODES } from './finding.ts';
import { publishedFaults } from './testing/published.ts';
import { aReport } from './testing/report.ts';

const docs = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

it('is what docs/json-schema.json says (npm run json-schema writes it)', () => {
  expect(JSON.parse(docs('json-schema.json'))).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});

it('refuses what is of another form', () => {
  expect(COMMANDS.plan.safeParse({ version: 1, steps: [3] }).success).toBe(false);
  expect(COMMANDS.plan.safeParse({ version: 2, steps: [] }).success).toBe(false);
});

it('docs/json.md names every code of a finding, and no other', () => {
  const [, list = ''] = /^Codes: ([^.]*)\./m.exec(docs('json.md')) ?? [];
  expect([...list.matchAll(/`([^`]+)`/g)].map(([, code]) => code)).toEqual([...FINDING_CODES]);
});

describe('what is published', () => {
  const status = { ...aReport(), problems: [] };

  it('takes a report of a later release, with a field and with words that this one does not know', () => {
    const peer = { address: '10.9.0.2', since: 0, listed: true, networks: [] };
    const later = {
      ...status,
      later: 1,
      encryption: 'wireguard',
      peers: [{ ...peer, state: 'x' }],
    };
    expect(publishedFaults('status', later, { unknown: false })).toEqual([]);
    expect(publishedFaults('status', later)).toEqual([expect.stringContaining('later')]);
  });

  it('refuses one of another form', () => {
    const { peerPort: _, ...other } = status;
    expect(publishedFaults('status', { ...other, now: '1' })).toEqual([
      expect.stringContaining('peerPort'),
      expect.stringContaining('/now: must be number'),
    ]);
  });
});
