/** Archives in cpio's "newc" format, as the kernel unpacks one into its first file system. */

export type CpioEntry = {
  /** Without a slash at its start; directories come before what is in them. */
  path: string;
  /** Undefined for a directory. */
  data?: Uint8Array;
};

const FILE = 0o100755;
const DIRECTORY = 0o40755;
const END = 'TRAILER!!!';

/** Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap(({ path, data }, index) =>
    member(path, data === undefined ? DIRECTORY : FILE, { inode: index + 1, data }),
  );
  return Buffer.concat([...parts, ...member(END, 0, { inode: 0, data: undefined })]);
}

type Content = { inode: number; data: Uint8Array | undefined };

function member(path: string, mode: number, { inode, data }: Content): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, 1, 0, data?.length ?? 0, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((it) => it.toString(16).padStart(8, '0')).join('')}`;
  const head = Buffer.concat([Buffer.from(header, 'latin1'), name]);
  return data === undefined ? [padded(head)] : [padded(head), padded(data)];
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
