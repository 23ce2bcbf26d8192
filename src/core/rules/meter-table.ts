/** nft's name of the table that counts. */
export const METER_TABLE = 'castnet-meter';

/** What joins and leaves is told by the MDB; here only what carries data counts. */
export const METER_RULES = `
table bridge ${METER_TABLE}
delete table bridge ${METER_TABLE}
table bridge ${METER_TABLE} {
  set sent4 { type ifname . ipv4_addr . ipv4_addr; flags dynamic; timeout 1m; }
  set sent6 { type ifname . ipv6_addr . ipv6_addr; flags dynamic; timeout 1m; }
  chain sent {
    type filter hook prerouting priority -400; policy accept;
    iifname "cv*" ip daddr 224.0.0.0/4 ip protocol != igmp update @sent4 { iifname . ip saddr . ip daddr counter }
    iifname "cv*" ip6 daddr ff00::/8 meta l4proto != icmpv6 update @sent6 { iifname . ip6 saddr . ip6 daddr counter }
  }
}
`;
