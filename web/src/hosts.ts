import { view } from './state.ts';

/** The name of the host with a tunnel address; the address where it is not known. */
export const hostName = (address: string): string =>
  view.value.hosts.find((it) => it.address === address)?.name ?? address;
