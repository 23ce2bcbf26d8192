/** The table in a container's namespace, with its family. */
export const GROUPS_TABLE = 'inet castnet-groups';

/** A rule that is there while the table is in force. */
export const GROUPS_LANDMARK = 'ip daddr 224.0.0.0/4 notrack';

/**
 * What a container sends to groups, and hears from them, passes connection tracking by: nobody answers
 * from a group's address, so that such a connection has one direction and tells nobody anything, but its
 * entry is looked up for each packet. What Docker writes into a namespace for its DNS (address
 * translation) has all packets tracked in it.
 * @returns nft's script, which replaces or takes away what an earlier agent wrote
 */
export function groupsTable(untracked: boolean): string {
  const chain = (hook: string): string[] => [
    `  chain ${hook} {`,
    // -300 is before connections are tracked (NF_IP_PRI_RAW).
    `    type filter hook ${hook} priority -300; policy accept;`,
    `    ${GROUPS_LANDMARK}`,
    '    ip6 daddr ff00::/8 notrack',
    '  }',
  ];
  return [
    `table ${GROUPS_TABLE} { }`,
    `delete table ${GROUPS_TABLE}`,
    ...(untracked
      ? [`table ${GROUPS_TABLE} {`, ...chain('prerouting'), ...chain('output'), '}']
      : []),
    '',
  ].join('\n');
}
