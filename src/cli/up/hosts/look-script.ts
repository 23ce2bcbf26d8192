import { PLUGIN } from '../core/wanted.ts';

/** Where files are brought to. Root's alone, and on a file system from which programs may be started. */
export const STAGING = '/var/lib/castnet-up';

/**
 * Tells what a host is, a section for each question, by what every Linux with Docker has: a shell,
 * coreutils, the docker command. It changes nothing.
 */
export const LOOK = `
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/sbin"
say() { printf '\\n@@%s\\n' "$1"; }
tell() { say "$1"; shift; "$@" 2>&1; printf '\\n@=%s\\n' "$?"; }
tell from echo "$CASTNET_FROM"
tell boot cat /proc/sys/kernel/random/boot_id
tell hostname cat /proc/sys/kernel/hostname
tell distribution cat /etc/os-release
tell ipv6 cat /proc/sys/net/ipv6/conf/all/disable_ipv6
tell staged sh -c 'cd ${STAGING} 2>/dev/null && for it in *; do [ -e "$it/complete" ] && echo "$it"; done; :'
tell client sh -c 'command -v docker'
tell version docker version --format '{{json .Server}}'
info=$(docker info --format '{{json .}}' 2>&1); status=$?
tell info sh -c 'printf "%s" "$1"; exit "$2"' sh "$info" $status
plugin=$(docker plugin inspect --format '{{json .}}' ${PLUGIN} 2>&1); status=$?
tell plugin sh -c 'printf "%s" "$1"; exit "$2"' sh "$plugin" $status
root=$(printf '%s' "$info" | sed -n 's/.*"DockerRootDir":"\\([^"]*\\)".*/\\1/p')
id=$(printf '%s' "$plugin" | sed -n 's/.*"Id":"\\([0-9a-f]*\\)".*/\\1/p')
tell rootfs sh -c '[ -x "$1/usr/bin/node" ] && echo "$1"' sh "$root/plugins/$id/rootfs"
tell free sh -c 'df -Pk /var/lib "$1" | tail -n +2' sh "\${root:-/var/lib}"
networks=$(docker network ls --filter scope=swarm -q 2>/dev/null)
tell networks sh -c '[ $# -eq 0 ] || docker network inspect --format "{{json .}}" "$@"' sh $networks
nodes=$(case "$info" in *'"ControlAvailable":true'*) docker node ls -q 2>/dev/null ;; esac)
tell nodes sh -c '[ $# -eq 0 ] || docker node inspect --format "{{json .}}" "$@"' sh $nodes
tell date date +%s
`;

/** What one question was answered, and its status. */
export interface Section {
  readonly text: string;
  readonly status: number;
}

/** The script's output by section; undefined when it did not come to its end. */
export function sectionsOf(output: string): ReadonlyMap<string, Section> | undefined {
  const found = new Map<string, Section>();
  for (const part of output.split(/^@@/m).slice(1)) {
    const [name = '', ...rest] = part.split('\n');
    const text = rest.join('\n');
    const status = /^@=(\d+)$/m.exec(text)?.[1];
    if (status === undefined) return undefined;
    found.set(name, {
      text: text.slice(0, text.lastIndexOf('\n@=')).trim(),
      status: Number(status),
    });
  }
  return found.has('date') ? found : undefined;
}
