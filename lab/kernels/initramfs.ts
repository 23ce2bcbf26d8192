/**
 * What a virtual machine starts with: busybox, the modules that reach the machine's own files, and
 * a script. The guest's root is the machine's own, by virtiofs and read only, under a layer in the
 * guest's memory: whatever the guest writes is gone with it.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commandLine, quote } from '../../src/cli/quote.ts';
import { type CpioEntry, cpio } from './cpio.ts';
import { KEPT } from './keep.ts';
import type { Kernel } from './kernel.ts';

/** Tag of the virtiofs with the machine's root. */
export const ROOT_TAG = 'castnet-root';

/** Needed before the root is there; what a kernel has built in is none of its modules. */
const EARLY = ['virtio_pci', 'virtiofs', 'overlay'];

/**
 * Node strips types with a WebAssembly program, and V8's move of it to faster code fails under
 * emulation now and then (seen in Node 24.9: "Check failed: it->second.Size() > offset").
 */
const NODE_FLAGS = '--liftoff-only';

/**
 * What the lab, Docker and castnet need. Docker asks for some by programs that the machine may
 * lack (modprobe), and a kernel that loads by itself does so by way of these files.
 */
const MODULES = [
  ...['bridge', 'br_netfilter', 'veth', 'vxlan', 'dummy', 'sch_netem', 'virtio_console'],
  ...['sch_ingress', 'cls_bpf'],
  ...['nf_tables', 'nft_compat', 'nft_ct', 'nft_nat', 'nft_chain_nat', 'nft_masq', 'nft_redir'],
  ...['nft_reject', 'nft_reject_inet', 'nft_reject_bridge', 'nft_numgen', 'nft_fib_inet'],
  ...['nft_limit', 'nft_log', 'nft_hash', 'nft_quota', 'nf_conntrack', 'nf_nat'],
  ...['ip_tables', 'iptable_nat', 'iptable_filter', 'iptable_mangle', 'ip6_tables'],
  ...['xt_conntrack', 'xt_MASQUERADE', 'xt_addrtype', 'xt_mark', 'xt_nat', 'xt_tcpudp'],
  ...['xt_REDIRECT', 'xt_ipvs', 'ip_vs', 'ip_vs_rr', 'ip6table_nat', 'ip6table_filter'],
  ...['bonding', '8021q', 'macvlan', 'ipvlan', 'wireguard', 'tun'],
  // Of the machine's network cards.
  ...['virtio_net', 'vmxnet3'],
  // Of Docker's encrypted overlay. A host's udev takes the last two where the processor is for them.
  ...['esp4', 'xfrm_user', 'xt_u32', 'xt_policy', 'aesni_intel', 'ghash_clmulni_intel'],
];

export type GuestOptions = {
  kernel: Kernel;
  /** The checkout. */
  root: string;
  /** Path of the pinned Node. */
  node: string;
  /** What runs in the guest, by the root's paths. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
};

/** The archive, uncompressed: unpacking it is work for an emulated processor. */
export async function initramfs(options: GuestOptions): Promise<Buffer> {
  const { kernel } = options;
  const early = await withDependencies(kernel.modules, EARLY);
  const directories = ['bin', 'dev', 'proc', 'sys', 'modules', 'lower', 'layer', 'new'];
  const entries: CpioEntry[] = directories.map((path) => ({ path }));
  entries.push({ path: 'bin/busybox', data: await readFile(kernel.busybox) });
  for (const path of early)
    entries.push({
      path: `modules/${basename(path)}`,
      data: await readFile(join(kernel.modules, path)),
    });
  const text = (path: string, data: string): CpioEntry => ({ path, data: Buffer.from(data) });
  entries.push(text('init', initScript(early.map((path) => basename(path)))));
  entries.push(text('boot.sh', bootScript(options)));
  return cpio(entries);
}

/** Module files, dependencies first, each once. Names that are no modules are left out. */
async function withDependencies(modules: string, names: readonly string[]): Promise<string[]> {
  const needs = new Map<string, string[]>();
  for (const line of (await readFile(join(modules, 'modules.dep'), 'utf8')).split('\n')) {
    const [path, rest] = line.split(':');
    if (path) needs.set(path, rest?.trim().split(' ').filter(Boolean) ?? []);
  }
  const paths = [...needs.keys()];
  const found: string[] = [];
  const visit = (path: string): void => {
    if (found.includes(path)) return;
    for (const need of needs.get(path) ?? []) visit(need);
    if (!found.includes(path)) found.push(path);
  };
  for (const name of names) {
    const path = paths.find((it) => moduleName(it) === name);
    if (path !== undefined) visit(path);
  }
  return found;
}

const moduleName = (path: string): string => basename(path, '.ko').replaceAll('-', '_');

/** In the first file system: reaches the root and goes there. */
function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
fail() { echo "castnet-guest: $*"; /bin/busybox poweroff -f; }
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in ${modules.join(' ')}; do insmod /modules/$module || fail "$module was not taken"; done
mount -t virtiofs -o ro ${ROOT_TAG} /lower || fail "the root could not be mounted"
mount -t tmpfs -o size=90% layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work root /new ||
  fail "the root's layer could not be mounted"
mkdir -p /new/run && mount -t tmpfs -o mode=755 run /new/run
cp /boot.sh /new/run/boot.sh
umount /proc /sys
mount --move /dev /new/dev
exec switch_root /new /bin/sh /run/boot.sh
`;
}

/** In the machine's root: what an init does before anything runs, then the program, then the end. */
function bootScript({ kernel, root, node, argv, env }: GuestOptions): string {
  const { release, modules, busybox } = kernel;
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  return `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
NODE=${quote(node)}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm /run/lock /run/modules
mount -t devpts -o ptmxmode=666 devpts /dev/pts
for place in /dev/shm /tmp /var/tmp /var/lib/castnet-lab; do
  mkdir -p $place && mount -t tmpfs -o mode=1777 tmpfs $place
done
# The machine's kernel is another one, and its programs may have no modprobe.
mkdir -p /usr/lib/modules
mount -t tmpfs modules /usr/lib/modules
ln -s ${quote(modules)} /usr/lib/modules/${release}
rm -f /usr/sbin/modprobe
ln -s ${quote(busybox)} /usr/sbin/modprobe
# Below /usr, which every container of the lab has.
mkdir -p /usr/lib/castnet-guest
cp "$NODE" /usr/lib/castnet-guest/node
rm "$NODE"
printf '#!/bin/sh\\nexec /usr/lib/castnet-guest/node ${NODE_FLAGS} "$@"\\n' >"$NODE"
chmod 755 "$NODE"
echo 3 >/proc/sys/kernel/printk
for module in ${MODULES.join(' ')}; do modprobe $module 2>/dev/null || :; done
echo castnet-guest >/proc/sys/kernel/hostname
ip link set lo up
# Docker sets it on its host, and a host's new namespaces have the host's settings (net/ipv4/devinet.c,
# devinet_init_net). The lab's hosts are namespaces themselves, so theirs have this one's. Without it
# Docker's balancer of published ports passes no answer on.
echo 1 >/proc/sys/net/ipv4/ip_forward
${variables.join('\n')}
cd ${quote(root)}
${commandLine(argv)} </dev/null
echo "castnet-guest: ended with status $?"
# The first port of the serial bus of virtio, whose port 0 is for a console.
mkdir -p ${KEPT}
tar -C ${KEPT} -cf /dev/vport*p1 .
sync
echo o >/proc/sysrq-trigger
sleep 60
`;
}
