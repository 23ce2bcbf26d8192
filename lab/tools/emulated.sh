# Enters the rootfs of a plugin for arm64, as Docker would, and starts a program of it:
#   unshare --user --map-root-user --mount --net --pid --fork sh emulated.sh ROOTFS RUN HOW PROGRAM…
# RUN   a directory to be /run in there
# HOW   children: what the program starts is emulated too, by a registration with binfmt_misc that
#       holds in this user namespace alone (Linux 6.7); alone: only the program itself is
# What the rootfs lies on is not written to.
set -eu
root=$1 run=$2 how=$3
shift 3
mount --bind "$run" "$root/run"
mount --make-shared "$root/run"
mount --bind "$root/run" "$root/host/run"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
if [ "$how" = children ]; then
  mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  # Debian's own line; its flags have the emulator opened now, so that it need not be in the rootfs.
  cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
  exec chroot "$root" "$@"
fi
cp "$(command -v qemu-aarch64-static)" "$root/tmp/qemu"
exec chroot "$root" /tmp/qemu "$@"
