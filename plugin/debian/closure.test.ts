import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ElfFacts, findIn, librariesInTree, merged, parseReadelf } from './closure.ts';

let tree = '';
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'castnet-tree-'));
});
afterEach(() => rm(tree, { recursive: true }));

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), '');
  }
}

/** The closure of bin/tool, each file needing what stands beside its name. */
function closure(needs: Record<string, string[]>, machine = 'AArch64') {
  const read = async (path: string): Promise<ElfFacts> => ({
    machine,
    loader: path.endsWith('/tool') ? '/lib/ld-linux-aarch64.so.1' : undefined,
    needed: needs[path.slice(path.lastIndexOf('/') + 1)] ?? [],
  });
  const libraryDirectories = ['usr/lib/aarch64-linux-gnu', 'lib/aarch64-linux-gnu'];
  const programs = [join(tree, 'bin/tool')];
  return librariesInTree({ tree, programs, machine: 'AArch64', libraryDirectories, read });
}

test('reads what readelf says of a program', () => {
  const output = [
    '  Class:                             ELF64',
    '  Machine:                           AArch64',
    '      [Requesting program interpreter: /lib/ld-linux-aarch64.so.1]',
    '   02     .interp .note.gnu.build-id',
    ' 0x0000000000000001 (NEEDED)             Shared library: [libnftables.so.1]',
    ' 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]',
    ' 0x000000000000000e (SONAME)             Library soname: [libother.so.1]',
  ].join('\n');
  expect(parseReadelf(output)).toEqual({
    machine: 'AArch64',
    loader: '/lib/ld-linux-aarch64.so.1',
    needed: ['libnftables.so.1', 'libc.so.6'],
  });
});

test.each(['', 'readelf: Error: Not an ELF file'])('finds nothing in %j', (output) => {
  expect(parseReadelf(output)).toEqual({ machine: 'unknown', loader: undefined, needed: [] });
});

describe('the libraries of a tree', () => {
  test('are those of libraries too, each once, where a merged /usr has them', async () => {
    await put('bin/tool', 'lib/aarch64-linux-gnu/libc.so.6', 'usr/lib/aarch64-linux-gnu/liba.so.1');
    await put('lib/aarch64-linux-gnu/ld-linux-aarch64.so.1');
    await symlink(
      'aarch64-linux-gnu/ld-linux-aarch64.so.1',
      join(tree, 'lib/ld-linux-aarch64.so.1'),
    );
    const found = await closure({
      tool: ['liba.so.1', 'libc.so.6'],
      'liba.so.1': ['libc.so.6', 'ld-linux-aarch64.so.1'],
      'libc.so.6': ['ld-linux-aarch64.so.1'],
    });
    expect([...found].map(([target, source]) => [target, source.slice(tree.length)])).toEqual([
      ['/usr/lib/aarch64-linux-gnu/liba.so.1', '/usr/lib/aarch64-linux-gnu/liba.so.1'],
      ['/usr/lib/aarch64-linux-gnu/libc.so.6', '/lib/aarch64-linux-gnu/libc.so.6'],
      ['/usr/lib/ld-linux-aarch64.so.1', '/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1'],
    ]);
  });

  test('name what is missing, and who needs it', async () => {
    await put('bin/tool', 'lib/ld-linux-aarch64.so.1', 'lib/aarch64-linux-gnu/liba.so.1');
    const broken = closure({ tool: ['liba.so.1'], 'liba.so.1': ['libz.so.1'] });
    await expect(broken).rejects.toThrow(/liba\.so\.1 needs libz\.so\.1, which none/);
  });

  test('are refused when they are of another processor', async () => {
    await put('bin/tool', 'lib/ld-linux-aarch64.so.1');
    const broken = closure({}, 'Advanced Micro Devices X86-64');
    await expect(broken).rejects.toThrow(/tool is for .*X86-64", not for "AArch64"/);
  });

  test('are never this machine’s, which a link with a full path would lead to', async () => {
    await put('usr/bin/ip');
    await mkdir(join(tree, 'usr/sbin'));
    await symlink('/bin/cat', join(tree, 'usr/sbin/ip'));
    await symlink('../../../../../../bin/cat', join(tree, 'usr/sbin/cat'));
    expect(await findIn(tree, ['usr/sbin', 'usr/bin'], 'ip')).toBe('usr/bin/ip');
    expect(await findIn(tree, ['usr/sbin', 'usr/bin'], 'cat')).toBeUndefined();
  });
});

test.each([
  ['lib/a.so', '/usr/lib/a.so'],
  ['usr/lib/a.so', '/usr/lib/a.so'],
  ['/bin/ip', '/usr/bin/ip'],
])('%s lies at %s', (path, place) => {
  expect(merged(path)).toBe(place);
});
