#!/bin/sh
# Sets a machine up for castnet's lab and build: says what is missing, installs
# it where it knows how, and changes nothing when all is there.
#   sh scripts/setup.sh            for the lab, which needs root
#   sh scripts/setup.sh --chaos    for npm run chaos, which lets clocks jump
#   sh scripts/setup.sh --test     for npm test, which judges by other programs too
#   sh scripts/setup.sh --no-lab   for the build, which does not
#   sh scripts/setup.sh --lock     for npm run plugin:lock, which does not either
#   sh scripts/setup.sh --kernels  for npm run test:kernels, which boots others
#   sh scripts/setup.sh --recipes  for all of the recipes' tests
set -eu
cd "$(dirname "$0")/.."
# Where Debian keeps ip, nft and dockerd; the PATH of a plain user lacks it.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export PATH

# "program:package of Debian". A few of them come from one package.
lab_programs="dockerd:docker.io containerd:containerd runc:runc docker:docker.io
ip:iproute2 bridge:iproute2 nft:nftables iptables:iptables wg:wireguard-tools wireguard-go:wireguard-go
nsenter:util-linux unshare:util-linux setsid:util-linux setpriv:util-linux mount:mount
ps:procps sysctl:procps openssl:openssl stdbuf:coreutils tar:tar
iperf3:iperf3 tcpdump:tcpdump ping:iputils-ping perl:perl-base patchelf:patchelf"
chaos_programs="faketime:faketime"
kernel_programs="qemu-system-x86_64:qemu-system-x86 xz:xz-utils"
# qemu runs the programs of the plugin for arm64.
arm64_programs="qemu-aarch64-static:qemu-user-static"
# npm run plugin:lock: readelf names what libraries a program needs.
lock_programs="readelf:binutils"
test_programs="promtool:prometheus chromium:chromium sshd:openssh-server ssh:openssh-client
bpftool:bpftool tc:iproute2 docker-registry:docker-registry skopeo:skopeo curl:curl $chaos_programs $arm64_programs"
build_programs="dpkg-deb:dpkg tar:tar"
# What compiles the plugin's fast path. It is built without, and says so, where they are missing.
fast_path_programs="clang:clang
/usr/include/bpf/bpf_helpers.h:libbpf-dev /usr/include/linux/bpf.h:linux-libc-dev"
# What the recipes' tests make images with. They are skipped, and say so, without it.
image_programs="mmdebstrap:mmdebstrap"
maven_programs="mvn:maven"

say() { printf 'castnet: %s\n' "$*"; }
fail() {
  say "$@" >&2
  exit 1
}
has() {
  case "$1" in
  /*) [ -e "$1" ] ;;
  *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# The command that the user typed, to be typed again.
command_again="npm run ${npm_lifecycle_event:-setup}"

check_machine() {
  [ "$(uname -s)" = Linux ] && [ "$(uname -m)" = x86_64 ] ||
    fail "this is $(uname -s) on $(uname -m); castnet runs on Linux on x86_64 (amd64)."
}

check_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  say "castnet's lab needs root: it makes network namespaces and starts Docker Engines in them. Run: sudo $command_again" >&2
  # npm before version 9 runs scripts as the owner of the directory.
  [ -z "${SUDO_UID-}" ] ||
    say "If sudo was used, npm has dropped root again: run \"sudo sh scripts/run.sh\" with the file that package.json names for it." >&2
  exit 1
}

install_modules() {
  # npm writes this file at the end of an installation.
  done=node_modules/.package-lock.json
  [ -e "$done" ] && [ -z "$(find package-lock.json -newer "$done")" ] && return 0
  has npm || fail "npm is missing: install Node.js 20 or newer, with npm."
  say "installing the npm packages (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error
}

# The packages, each once, of those "program:package" that are missing.
missing_packages() {
  for pair in $1; do
    has "${pair%%:*}" || echo "${pair#*:}"
  done | sort -u
}

missing_programs() {
  for pair in $1; do
    has "${pair%%:*}" || printf '%s ' "${pair%%:*}"
  done
}

# From Debian 13 on, the docker command is a package of its own.
add_docker_cli() {
  has docker || ! apt-cache show docker-cli >/dev/null 2>&1 || echo docker-cli
}

# From Debian 13 on, so is what serves a virtual machine its root; before, qemu's packages have it.
add_virtiofsd() {
  case "$packages" in *qemu-system-x86*) ;; *) return 0 ;; esac
  ! apt-cache show virtiofsd >/dev/null 2>&1 || echo virtiofsd
}

policy=/usr/sbin/policy-rc.d
# Installing docker.io would start the machine's Docker, which sets up bridges
# and firewall rules that nobody asked for, and prometheus and sshd would listen. Debian's
# own way to prevent that is this file; it answers for these services only, and
# goes when apt is done. A policy that is there already is the owner's decision
# and stays as it is.
hold_services() {
  [ ! -e "$policy" ] || return 0
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM
  cat >"$policy" <<'POLICY'
#!/bin/sh
# Temporary, by castnet's scripts/setup.sh: do not start these on installation.
case "$1" in docker* | containerd* | prometheus* | ssh*) exit 101 ;; esac
exit 0
POLICY
  chmod 755 "$policy"
}

install_packages() {
  packages=$(missing_packages "$1")
  [ -n "$packages" ] || return 0
  has apt-get ||
    fail "these programs are missing: $(missing_programs "$1")- install them with your distribution's packages of Docker Engine (dockerd and the docker command), iproute2, nftables, iptables, util-linux, procps, openssl, iperf3 and tcpdump; for the tests also prometheus, chromium, faketime, openssh-server, docker-registry, skopeo, curl and qemu-user-static. The build needs dpkg and tar alone."
  [ "$(id -u)" -eq 0 ] ||
    fail "these packages are missing: $(echo $packages). To install them, run once: sudo npm run setup"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  say "reading apt's lists of packages"
  apt-get update -qq || say "apt-get update failed; trying with the lists that are there" >&2
  packages=$( (echo "$packages"; add_docker_cli; add_virtiofsd) | sort -u)
  hold_services
  for package in $packages; do
    say "installing $package"
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null </dev/null ||
      fail "apt-get could not install $package. Install it by hand, then run again: $command_again"
    case "$package" in
    prometheus) say "prometheus was not started; as a service it would start with the next boot, unless you run: systemctl disable prometheus" ;;
    qemu-user-static) say "where systemd runs, programs for other processors now start on this machine; purging qemu-user-static ends that" ;;
    docker-registry) say "docker-registry was not started; as a service it would start with the next boot, unless you run: systemctl disable docker-registry" ;;
    openssh-server) say "sshd was not started; as a service it would start with the next boot, unless you run: systemctl disable ssh.service ssh.socket" ;;
    docker.io) say "the machine's own Docker was not started; as a service it would start with the next boot, unless you run: systemctl disable docker.service docker.socket" ;;
    esac
  done
  [ -z "$(missing_packages "$1")" ] ||
    fail "still missing after the installation: $(missing_programs "$1")"
}

# A plugin without the fast path does all that castnet does, only slower.
install_for_fast_path() {
  [ -z "$(missing_packages "$fast_path_programs")" ] || ! has apt-get ||
    (install_packages "$fast_path_programs") ||
    say "without these the plugin has no fast path: $(missing_programs "$fast_path_programs")" >&2
}

# Images can be made of Debian packages only where apt knows some.
install_for_recipes() {
  ! has apt-get || (install_packages "$1") ||
    say "without these programs the recipes' tests are skipped: $(missing_programs "$1")" >&2
}

check_machine
if [ "${1-}" = --no-lab ]; then
  install_packages "$build_programs"
  install_for_fast_path
elif [ "${1-}" = --lock ]; then
  install_packages "$build_programs $lock_programs"
else
  check_root
  case "${1-}" in
  --chaos) lab_programs="$lab_programs $chaos_programs" ;;
  --kernels) lab_programs="$lab_programs $kernel_programs" ;;
  --test) lab_programs="$lab_programs $test_programs" ;;
  esac
  install_packages "$lab_programs"
  case "${1-}" in
  --test)
    install_for_fast_path
    install_for_recipes "$image_programs"
    ;;
  --chaos | --kernels) install_for_fast_path ;;
  --recipes) install_for_recipes "$image_programs $maven_programs" ;;
  esac
fi
install_modules
