/**
 * A pause process is one whose namespaces are a host, or the underlay's switch.
 * It is the init of a pid namespace, so killing it ends everything inside:
 * Engine, containers, mounts, links. Nothing has to be undone one by one, and
 * nothing of it is ever visible in the machine's own namespaces.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { UserError } from '../src/cli/output.ts';
import { labEnv, until } from './run.ts';

/** In the environment of every pause process: the lab's directory. `down` finds orphans by it. */
const MARK = 'CASTNET_LAB';

/**
 * The start of every pause process. /proc is still the machine's at first, so it
 * tells the pid by which the machine knows this process.
 */
const PROLOGUE = `set -eu
read -r pid _ </proc/self/stat
for dir in $LAB_CGROUPS; do echo 0 >"$dir/cgroup.procs"; done
mount -t proc proc /proc
echo "$LAB_HOSTNAME" >/proc/sys/kernel/hostname
ip link set lo up
`;

/**
 * The end: report, let go of the caller's pipes, then reap what is orphaned, for
 * ever. "wait" does that for every child; without traps nothing interrupts it.
 */
const EPILOGUE = `echo "ready $pid"
exec </dev/null >/dev/null 2>&1
set +e
while :; do sleep 1000000 & wait; done
`;

/** The switch only needs a network namespace. */
export const SWITCH_SCRIPT = PROLOGUE + EPILOGUE;

/**
 * A host. $1 is its directory, bound at /run/lab (entered first: it may lie
 * below the /run that is covered).
 * - /run is its own and shared, so that what the managed plugin mounts below
 *   it (network namespaces) appears in the host.
 * - /sys is mounted anew, for the network devices that it lists to be the
 *   host's, and the cgroups are put back into it. Not so the version 2 that
 *   may stand beside version 1: in there runc takes a plugin's group to the
 *   root, where nobody could tell whose it is. The security file system stays
 *   away as well: Engines of a lab load no AppArmor profile into the machine.
 * - /etc, /opt and /var/lib are covered by a layer of the host's own: Engines
 *   write /etc/docker/key.json and /opt/containerd, and need the directory
 *   /var/lib/docker, which the machine may not have. /etc/docker starts empty:
 *   its key is the Engine's identity, which must differ from host to host.
 */
export const HOST_SCRIPT = `${PROLOGUE}
cd "$1"
mount -t tmpfs -o mode=755 castnet-lab /run
mkdir -p /run/lock /run/lab /run/cgroup /run/layers
mount --bind . /run/lab
cd /
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -R /run/cgroup
rmdir /run/cgroup
umount /sys/fs/cgroup/unified 2>/dev/null || :
for dir in etc opt var/lib; do
  upper=/run/layers/$dir/upper
  work=/run/layers/$dir/work
  mkdir -p "$upper" "$work"
  mount -t overlay -o "lowerdir=/$dir,upperdir=$upper,workdir=$work" castnet-lab "/$dir"
done
rm -rf /etc/docker
mkdir -p /etc/docker /var/lib/docker /run/lab/data
mount --bind /run/lab/data /var/lib/docker
mount --make-rshared /run
echo "$LAB_HOSTNAME" >/etc/hostname
${EPILOGUE}`;

export type PauseOptions = {
  labDir: string;
  /** Path of the script on disk; its name is what `ps` shows. */
  script: string;
  args: string[];
  hostname: string;
  /** Directories of the control groups to join. */
  cgroups: string[];
};

/**
 * Starts a pause process and returns the machine's pid of its init, once its set-up
 * is done. Errors: what the set-up script complained about.
 */
export function startPauseProcess(options: PauseOptions): Promise<number> {
  const namespaces = ['--net', '--mount', '--pid', '--uts', '--ipc'];
  const argv = [...namespaces, '--fork', '--kill-child', 'sh', options.script, ...options.args];
  const child = spawn('unshare', argv, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: labEnv({
      [MARK]: options.labDir,
      LAB_HOSTNAME: options.hostname,
      LAB_CGROUPS: options.cgroups.join(' '),
    }),
  });
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    child.once('error', reject);
    child.once('exit', (status) => {
      const why = complaint.trim() || `it ended with status ${status}`;
      reject(new UserError(`${options.hostname}: making its namespaces failed: ${why}`));
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const pid = /^ready (\d+)$/m.exec(said)?.[1];
      if (pid === undefined) return;
      // unshare itself keeps the pipes: let go of them, and of it.
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve(Number(pid));
    });
  });
}

/** Whether this pid is a live pause process of the lab; a pid alone may have been given anew. */
export async function isPauseProcess(pid: number, labDir: string): Promise<boolean> {
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environ.split('\0').includes(`${MARK}=${labDir}`);
}

/** Kills every pause process of the lab, recorded or not, and waits until all within has ended. */
export async function killPauseProcesses(labDir: string): Promise<void> {
  // A killed `up` may leave a pause process that is just being forked: look again.
  for (;;) {
    const pids = await findPauseProcesses(labDir);
    if (pids.length === 0) return;
    // An init of a pid namespace ignores every other signal.
    for (const pid of pids) kill(pid);
    for (const pid of pids) await ended(pid);
  }
}

/** Kills one pause process and waits until all within has ended: for its host, a power cut. */
export async function killPauseProcess(pid: number): Promise<void> {
  kill(pid);
  await ended(pid);
}

async function ended(pid: number): Promise<void> {
  await until(async () => (await hasEnded(pid)) || undefined, {
    what: `the end of process ${pid}`,
    timeoutMs: 30_000,
    everyMs: 10,
  });
}

async function findPauseProcesses(labDir: string): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && pid !== process.pid && (await isPauseProcess(pid, labDir))) {
      pids.push(pid);
    }
  }
  return pids;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** An init becomes a zombie only when all of its namespace's processes are gone. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return stat === '' || state === 'Z' || state === 'X';
}
