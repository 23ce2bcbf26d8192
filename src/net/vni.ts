import { spread } from './spread.ts';

/**
 * VXLAN network identifiers (24 bits, RFC 7348 section 5).
 *
 * castnet takes its own from 8 000 000 up: Docker's overlay starts at 4096, and two VXLAN devices
 * of one VNI cannot stand in one namespace, the one in which both are created.
 */
export const VNI_MIN = 8_000_000;
export const VNI_MAX = 16_777_215;

/** Whether `value` is a VNI that castnet may use. */
export function isVni(value: number): boolean {
  return Number.isInteger(value) && value >= VNI_MIN && value <= VNI_MAX;
}

/**
 * The first VNI to try for a network: a spread of its id over the whole range, so that managers that know nothing of each other's choices still rarely meet.
 */
export function preferredVni(networkId: string): number {
  return VNI_MIN + (spread(networkId) % (VNI_MAX - VNI_MIN + 1));
}

/**
 * A VNI for a network that no other network has.
 *
 * @param taken the VNIs of the other networks
 * @throws RangeError when every VNI is taken
 */
export function chooseVni(networkId: string, taken: ReadonlySet<number>): number {
  const size = VNI_MAX - VNI_MIN + 1;
  const first = preferredVni(networkId) - VNI_MIN;
  for (let i = 0; i < size; i++) {
    const vni = VNI_MIN + ((first + i) % size);
    if (!taken.has(vni)) return vni;
  }
  throw new RangeError(`all ${size} VXLAN network ids are taken`);
}
