/**
 * The image of the container that holds an address for its host: one program that sleeps. No registry is
 * asked, and hosts have no program of which castnet could be sure that it runs in an empty container.
 */

/** A little-endian ELF file with one segment, read and executed where it lies (elf(5)). */
function executable(machine: number, code: readonly number[]): Buffer {
  const [header, entry, base] = [120, 0x400078n, 0x400000n];
  const size = header + code.length;
  const file = Buffer.alloc(size);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file);
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(entry, 24);
  file.writeBigUInt64LE(64n, 32); // where the segment is described
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // to be loaded
  file.writeUInt32LE(5, 68); // read, execute
  file.writeBigUInt64LE(base, 80);
  file.writeBigUInt64LE(base, 88);
  file.writeBigUInt64LE(BigInt(size), 96);
  file.writeBigUInt64LE(BigInt(size), 104);
  file.writeBigUInt64LE(0x10000n, 112);
  Buffer.from(code).copy(file, header);
  return file;
}

const words = (...code: readonly number[]): number[] =>
  code.flatMap((it) => [it & 255, (it >>> 8) & 255, (it >>> 16) & 255, it >>> 24]);

/** By Node's name of the processor. */
const PROGRAMS: Readonly<Record<string, () => Buffer>> = {
  // mov $34, %eax; syscall (pause); jmp back to the beginning
  x64: () => executable(62, [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]),
  // ppoll(0, 0, 0, 0), since there is no pause: mov x0..x3, 0; mov x8, 73; svc 0; b to the beginning
  arm64: () =>
    executable(
      183,
      words(
        ...[0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003],
        ...[0xd2800928, 0xd4000001, 0x17fffffa],
      ),
    ),
};

/** The program's path in the image. */
export const HOLD = '/hold';

/** The program for a processor. @throws Error for one that castnet does not run on */
export function holdProgram(processor: string): Buffer {
  const make = PROGRAMS[processor];
  if (make === undefined) throw new Error(`no program for ${processor}`);
  return make();
}

const BLOCK = 512;

/** The image's files, as `docker import` takes them: a tar archive (POSIX ustar). */
export function holdArchive(processor: string): Buffer {
  const program = holdProgram(processor);
  const header = Buffer.alloc(BLOCK);
  const put = (text: string, at: number) => header.write(text, at, 'latin1');
  put(HOLD.slice(1), 0);
  put('0000755\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${program.length.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\x0000', 257);
  const sum = header.reduce((total, it) => total + it, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (program.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, program, padding, Buffer.alloc(2 * BLOCK)]);
}
