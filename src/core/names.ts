/**
 * Names of the kernel devices, at most 15 bytes (IFNAMSIZ). They are made from ids alone, so a
 * restarted agent, or a person with `ip -n castnet link`, finds out what belongs to what.
 */

/** Digits of an endpoint id that fit beside the two-letter prefix. */
const ID_DIGITS = 13;

export const bridgeName = (vni: number): string => `cb${vni}`;
/**
 * The VXLAN device of a network. That of an encrypted one has another name, since it is made in another
 * namespace, which cannot be seen of it later: so neither is ever taken for the other.
 */
export const vxlanName = (vni: number, encrypted = false): string =>
  `${encrypted ? 'ce' : 'cx'}${vni}`;

/** The same of a network as it is known here. */
export const vxlanOf = ({
  vni,
  options,
}: {
  readonly vni: number;
  readonly options: { readonly encrypted?: boolean };
}): string => vxlanName(vni, options.encrypted);

/** The veth end that is a port of the bridge. */
export const portName = (endpointId: string): string => `cv${endpointId.slice(0, ID_DIGITS)}`;

/** The veth end that Docker moves into the container and renames to eth0, eth1, … */
export const containerEndName = (endpointId: string): string =>
  `ct${endpointId.slice(0, ID_DIGITS)}`;

/**
 * The host's own link to a network, in the host's own namespace (`castnet expose`): a person is to know
 * it. The largest VNI has eight digits.
 */
export const hostLinkName = (vni: number): string => `castnet${vni}`;

export const isBridge = (name: string): boolean => /^cb\d+$/.test(name);
export const isVxlan = (name: string): boolean => /^c[ex]\d+$/.test(name);

/** Whether a VXLAN device is an encrypted network's. */
export const isEncrypted = (name: string): boolean => /^ce\d+$/.test(name);
export const isPort = (name: string): boolean => /^cv[0-9a-f]{1,13}$/.test(name);

export const isHostLink = (name: string): boolean => /^castnet\d{7,8}$/.test(name);

/** The VNI in the name of a bridge or a VXLAN device. */
export const vniOf = (name: string): number => Number(name.slice(2));
