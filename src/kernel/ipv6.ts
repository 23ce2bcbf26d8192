import { existsSync } from 'node:fs';

/**
 * Whether this host's kernel has IPv6 at all: one booted with ipv6.disable=1 has neither the table of
 * its addresses nor its settings (net/ipv6/af_inet6.c, inet6_init).
 */
export const hasIpv6 = (): boolean => existsSync('/proc/net/if_inet6');
