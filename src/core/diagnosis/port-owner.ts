/** A VXLAN device of the host's own namespace, where castnet's are made. */
export interface HostVxlan {
  readonly dev: string;
  /** 0: it takes packets of every id (`external`). */
  readonly vni: number;
  readonly port: number;
  /** The settings that keep it from sharing its port with castnet's devices, as `ip` calls them. */
  readonly kinds: readonly string[];
}

export interface Refusal {
  readonly vni: number;
  /** UDP port of VXLAN. */
  readonly port: number;
  /** The kernel's words, if it was asked. */
  readonly words: string | undefined;
  readonly vxlans: readonly HostVxlan[];
}

/**
 * Why the kernel refused a VXLAN device, in a sentence with what to do. An id is taken when the device
 * is made; the port when it comes up, for devices share its socket only if they take packets alike
 * (drivers/net/vxlan/vxlan_core.c, vxlan_vni_in_use and vxlan_sock_add).
 */
export function whyRefused({ vni, port, words = '', vxlans }: Refusal): string {
  const begin = `the kernel refused a VXLAN device for network id ${vni}`;
  const there = vxlans.filter((it) => it.port === port);
  const alien = there.find((it) => it.kinds.length > 0);
  if (/address already in use/i.test(words)) {
    const holder =
      alien === undefined
        ? 'another program, or a device in another namespace; `ss -ulnp` shows a program'
        : `VXLAN device ${alien.dev} (${alien.kinds.join(', ')}), which shares it with no device of another kind`;
    const remedy = alien === undefined ? 'End it' : `Remove it (ip link del ${alien.dev})`;
    return `${begin}: UDP port ${port} is held by ${holder}. ${remedy}, or set CASTNET_VXLAN_PORT to another port on all hosts.`;
  }
  const twin = there.find((it) => it.vni === vni);
  if (twin !== undefined || /already exists|file exists/i.test(words)) {
    const holder =
      twin === undefined
        ? 'a VXLAN device that was moved to another namespace'
        : `VXLAN device ${twin.dev} (UDP port ${port})`;
    const remedy = twin === undefined ? '' : `Remove it (ip link del ${twin.dev}), or make`;
    return `${begin}: the id is taken by ${holder}. ${remedy || 'Make'} the network anew with another id (--opt vni=).`;
  }
  return `${begin}${words === '' ? '' : `: ${words.trim()}`}. See \`ip -details link show type vxlan\` and the log of this host.`;
}
