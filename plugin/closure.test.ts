import { expect, test } from 'vitest';
import { parseLdd } from './closure.ts';

test('takes libraries and the loader, and leaves the vDSO out', () => {
  const output = [
    '\tlinux-vdso.so.1 (0x00007f06ee041000)',
    '\tlibmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f06edebe000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f06ee043000)',
  ].join('\n');
  expect(parseLdd(output)).toEqual({
    found: ['/lib/x86_64-linux-gnu/libmnl.so.0', '/lib64/ld-linux-x86-64.so.2'],
    missing: [],
  });
});

test('names what is missing', () => {
  expect(parseLdd('\tlibbpf.so.1 => not found\n').missing).toEqual(['libbpf.so.1']);
});

test('finds nothing in a static program', () => {
  expect(parseLdd('\tstatically linked\n')).toEqual({ found: [], missing: [] });
});
