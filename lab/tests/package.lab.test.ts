/** What `npm publish` would publish: the list of its files, and the command out of it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { ROOT } from '../kit/containers.ts';
import { labEnv, mustRun } from '../run.ts';

/** With Node's own npm, but without building again. */
const PACK = ['npm', 'pack', '--ignore-scripts', '--json'];

/** Every file is one of these. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^bin\/castnet\.js$/,
  /^dist\/(castnet|castnet-[A-Z0-9]{8})\.js$/,
  /^dist\/helper\.mjs$/,
  /^dist\/web\/(app\.js|style\.css|index\.html|icon\.svg)$/,
  /^dist\/(arm64\/)?(agent\.mjs|agent\.tar\.gz|config\.json|rootfs\.tar\.gz|sbom\.cdx\.json)$/,
  /^monitoring\/[\w.-]+$/,
];

/** Without one of these something does not work. */
const NEEDED = [
  ...['package.json', 'LICENSE', 'CHANGELOG.md', 'bin/castnet.js', 'dist/castnet.js'],
  ...['agent.mjs', 'agent.tar.gz', 'config.json', 'rootfs.tar.gz', 'sbom.cdx.json'].map(
    (it) => `dist/${it}`,
  ),
  ...['dist/helper.mjs', 'dist/web/index.html', 'dist/web/app.js', 'monitoring/grafana.json'],
];

let place = '';
let files: string[] = [];
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'castnet-package-'));
  const argv = ['env', '-C', ROOT, ...PACK, '--pack-destination', place];
  const said = JSON.parse(await mustRun(argv, { timeoutMs: 120_000 }));
  // An array, or from npm 12 on an object by name.
  const [packed] = Object.values(said) as { files: { path: string }[] }[];
  files = packed?.files.map((it) => it.path) ?? [];
});
afterAll(() => rm(place, { recursive: true, force: true }));

it('has all that is needed and nothing else, sources and tests least of all', () => {
  expect(files).toEqual(expect.arrayContaining(NEEDED));
  expect(files.filter((it) => !ALLOWED.some((pattern) => pattern.test(it)))).toEqual([]);
});

it('is for both processors when it is published', () => {
  expect(manifest.scripts.prepack).toBe('npm run build -- --arch arm64');
  // npm runs scripts of these names by itself, as root too: none is there that nobody asked for.
  const own = ['preinstall', 'install', 'postinstall', 'publish', 'postpublish', 'prepublish'];
  expect(Object.keys(manifest.scripts).filter((it) => own.includes(it))).toEqual([]);
  expect(manifest).not.toHaveProperty('dependencies');
});

it('has a command that starts, with nothing else beside it', async () => {
  const [file = ''] = (await readdir(place)).filter((it) => it.endsWith('.tgz'));
  await mustRun(['tar', '-xzf', join(place, file), '-C', place], { timeoutMs: 60_000 });
  const command = [process.execPath, join(place, 'package/bin/castnet.js')];
  const env = labEnv({ DOCKER_HOST: 'unix:///nowhere.sock' });
  expect((await mustRun([...command, '--version'], { env })).trim()).toBe(manifest.version);
  expect(await mustRun([...command, 'plugin', '--help'], { env })).toContain('push');
});
