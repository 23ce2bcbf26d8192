/** What castnet and its documents tell people to type. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** What people read: documents, and what programs print. */
const PLACES = ['docs', 'src', 'lab', 'recipes', 'bench', 'chaos', 'fuzz', 'scripts', 'plugin'];
const ALSO = ['web/src', '.github', 'monitoring', 'bin'];
const TEXT = /\.(ts|tsx|js|md|sh|yml|json|txt)$/;

function texts(): string[] {
  const below = [...PLACES, ...ALSO].flatMap((place) =>
    readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' }).map((it) =>
      join(place, it),
    ),
  );
  const top = readdirSync(ROOT);
  return [...top, ...below].filter((it) => TEXT.test(it) && !it.includes('node_modules'));
}

/**
 * Programs by a name that npm looks up: whoever has the name there has what is run, often as root. In a
 * checkout they have a path; what is installed comes from a file or a lock.
 */
const BY_NAME = [
  /\bnpx\s+(?!-)/,
  /\bnpm\s+(exec|x|create|init)\s/,
  /\bnpm\s+(install|i|add)\s+(-g|--global)\s+(?![\s./])/,
  /\b(pnpm|yarn)\s+(dlx|exec|global)\b/,
  /\bbunx\b/,
];

/** This file has them as examples. */
const OWN = 'scripts/hints.test.ts';

test('nobody is told to run a program by its name on npm', () => {
  const found = texts()
    .filter((it) => it !== OWN)
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return BY_NAME.flatMap((pattern) => pattern.exec(text)?.[0] ?? []).map(
        (it) => `${file}: ${it}`,
      );
    });
  expect(found).toEqual([]);
});

test.each([
  ['npx castnet plugin install', true],
  ['npx castnet@0.1.0 plugin install', true],
  ['npm exec castnet', true],
  ['npm install -g castnet', true],
  ['npm i --global castnet@1', true],
  ['npm install -g ./castnet-0.1.0.tgz', false],
  ['npm install -g\n   ./castnet-0.1.0.tgz', false],
  ['bin/castnet.js plugin install', false],
  ['npm run build', false],
])('%j is such a hint: %s', (text, expected) => {
  expect(BY_NAME.some((it) => it.test(text))).toBe(expected);
});
