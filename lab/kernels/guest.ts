/** Starts a virtual machine without KVM and without any network device, and waits for its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../src/cli/output.ts';
import { run, until } from '../run.ts';
import { type GuestOptions, initramfs, ROOT_TAG } from './initramfs.ts';

export type RunGuest = GuestOptions & {
  /** The processor, by qemu's name. */
  cpu: string;
  /** Words added to the kernel's command line. */
  kernelArgs?: readonly string[];
  /** Milliseconds after which the machine is switched off. */
  timeoutMs: number;
  /** Gets what the guest's console says. */
  log: string;
  /** A directory that gets what the guest has kept below KEPT; what was in it before is gone. */
  kept: string;
  /** A line that the guest has written to /dev/ttyS1. */
  onLine: (line: string) => void;
  signal: AbortSignal;
};

const MEMORY = '7G';

/**
 * The guest's clock counts instructions, two nanoseconds for each, and goes on with the real one while
 * the guest waits. So the guest is as quick in its own time as a machine is, however long the emulation
 * takes: no time-out of Docker's, of castnet's or of a test is too short for it. One processor: with
 * two, qemu would run one while the other waits for it.
 */
const CLOCK = ['-accel', 'tcg,thread=single', '-icount', 'shift=1', '-smp', '1'];

/** Of Debian's qemu-system-common up to 12; later of a package of its own. */
const VIRTIOFSD = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];

/** What is missing here to run virtual machines, in words; undefined when nothing is. */
export function missingForGuests(): string | undefined {
  if (!existsSync('/usr/bin/qemu-system-x86_64'))
    return 'qemu-system-x86_64 (Debian: qemu-system-x86)';
  if (!VIRTIOFSD.some((it) => existsSync(it)))
    return 'virtiofsd (Debian 12: qemu-system-common; later: virtiofsd)';
  return undefined;
}

/**
 * Runs a guest to its end. Errors: Error when it did not end in time or was aborted; whatever
 * happens, no process and no file of it stays.
 */
export async function runGuest(options: RunGuest): Promise<void> {
  const missing = missingForGuests();
  if (missing !== undefined) throw new UserError(`virtual machines need ${missing}.`);
  const dir = await mkdtemp(join(tmpdir(), 'castnet-guest-'));
  const stop = new AbortController();
  try {
    const socket = join(dir, 'root.sock');
    const archive = join(dir, 'initramfs');
    const kept = join(dir, 'kept.tar');
    await writeFile(archive, await initramfs(options));
    const files = serveRoot(dir, socket, stop.signal);
    await Promise.race([
      files.then((status) => {
        throw new Error(`virtiofsd ended with status ${status}`);
      }),
      until(async () => existsSync(socket) || undefined, {
        what: 'the socket of virtiofsd',
        timeoutMs: 20_000,
      }),
    ]);
    await boot(options, { socket, archive, kept });
    await unpackKept(kept, options.kept);
    stop.abort();
    await files.catch(() => {});
  } finally {
    stop.abort();
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Serves the machine's root, read only: in a mount namespace of its own, where a read-only copy of
 * the root alone is bound, so that no other file system (/proc, /run, other disks) is in reach.
 */
function serveRoot(dir: string, socket: string, signal: AbortSignal): Promise<number | null> {
  const [virtiofsd = ''] = VIRTIOFSD.filter((it) => existsSync(it));
  const script = `mount --bind / "$1" && mount -o remount,bind,ro "$1" &&
    exec "$3" --socket-path="$2" -o source="$1" -o cache=always -o sandbox=chroot --thread-pool-size=2`;
  const argv = ['--mount', '--propagation', 'private', 'setpriv', '--pdeathsig', 'KILL'];
  const place = join(dir, 'root');
  return mkdir(place).then(async () => {
    const child = spawn(
      'unshare',
      [...argv, 'sh', '-c', script, 'virtiofsd', place, socket, virtiofsd],
      { stdio: ['ignore', 'ignore', 'ignore'], signal, killSignal: 'SIGKILL' },
    );
    child.on('error', () => {});
    const [status] = (await once(child, 'close')) as [number | null];
    return status;
  });
}

/** What the guest sent as its last word; nothing if it did not come so far. */
async function unpackKept(archive: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  await run(['tar', '--no-same-owner', '-xf', archive, '-C', to]);
}

/** Two network cards, each the only thing at the other's end of the wire: nothing leaves qemu. */
const CARDS = ['vmxnet3', 'virtio-net-pci'].flatMap((card) => [
  ...['-netdev', `hubport,id=${card},hubid=0`],
  ...['-device', `${card},netdev=${card}`],
]);

async function boot(
  { kernel, cpu, kernelArgs = [], timeoutMs, log, onLine, signal }: RunGuest,
  { socket, archive, kept }: { socket: string; archive: string; kept: string },
): Promise<void> {
  // The processor's own clock is a good one here, which the kernel would not believe: reading any other
  // takes a system call and a device.
  const clock = ['tsc=reliable', 'clocksource=tsc', 'nowatchdog'];
  const words = ['console=ttyS0', 'quiet', 'panic=-1', 'mitigations=off', ...clock, ...kernelArgs];
  const argv = [
    ...[...CLOCK, '-machine', 'q35', '-cpu', cpu],
    ...['-m', MEMORY, '-object', `memory-backend-memfd,id=memory,size=${MEMORY},share=on`],
    ...['-numa', 'node,memdev=memory', '-nodefaults', '-no-reboot', '-display', 'none'],
    ...[
      ...CARDS,
      '-nic',
      'none',
      '-kernel',
      kernel.image,
      '-initrd',
      archive,
      '-append',
      words.join(' '),
    ],
    ...['-chardev', `socket,id=root,path=${socket}`],
    ...['-device', `vhost-user-fs-pci,chardev=root,tag=${ROOT_TAG}`],
    // The first serial port is the console, the second one carries results.
    ...['-chardev', `file,id=console,path=${log}`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', '-chardev', `file,id=kept,path=${kept}`],
    ...['-device', 'virtserialport,chardev=kept,name=kept'],
    ...['-chardev', 'stdio,id=results,signal=off', '-serial', 'chardev:results'],
  ];
  const time = AbortSignal.timeout(timeoutMs);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, time]),
    killSignal: 'SIGKILL',
  });
  let complaint = '';
  child.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line.trimEnd()));
  const [status] = (await once(child, 'close')) as [number | null];
  signal.throwIfAborted();
  if (time.aborted) throw new Error(`the guest had not ended after ${timeoutMs / 1000} s`);
  if (status !== 0) throw new Error(`qemu ended with status ${status}: ${complaint.trim()}`);
}
